//! `vigia bench devices`: the panel's list with many devices, every filter in every order, page by page, as staff and as a customer. What is
//! measured is the page as the server makes it, down to its JSON.

use std::path::Path;

use serde::Serialize;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber, UserId};
use vigia_domain::rights::Principal;
use vigia_domain::sort::Sort;
use vigia_domain::user::Role;

use super::ingest::{BenchError, failed, round};
use super::machine;
use super::opened::with_app;
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::{devices, users};
use crate::fleet::{self, PAGE_ROWS, PageFilter, Place, StateFilter};
use crate::telemetry::{Entry, Stamped};
use crate::world::World;

const MINUTE_MS: i64 = 60_000;
const ORDERS: [&str; 14] =
    ["", "-new", "name", "-name", "state", "-state", "value", "-value", "seen", "-seen", "kind", "-kind", "owner", "-owner"];
const OWNERS: usize = 50;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many devices.
    pub devices: usize,
    /// How often each page is asked for.
    pub rounds: usize,
    /// An empty PostgreSQL database; SQLite without it.
    pub database: Option<String>,
}

/// One line: a filter, all orders and pages together.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    filter: &'static str,
    devices: usize,
    found: u64,
    /// How many pages were asked for.
    pages: usize,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
    /// The slowest page that was asked for the first time: its pictures of the last hour come from the store.
    first_max_ms: f64,
    rss_mb: Option<f64>,
}

/// Runs the bench in `dir`, an empty folder; each line is told as soon as it is there.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, dir: &Path, plan: &Plan, mut tell: impl FnMut(&Line)) -> Result<(), BenchError> {
    with_app(world, dir, plan.database.as_deref(), async |app| measure(world, app, plan, &mut tell).await).await
}

async fn measure(world: &World, app: &App, plan: &Plan, tell: &mut impl FnMut(&Line)) -> Result<(), BenchError> {
    let customer = fill(world, app, plan.devices).await?;
    let staff = Principal::user(UserId(0), Role::Staff);
    let customer = Principal::user(customer, Role::Customer);
    let all = PageFilter::default();
    let filters = [
        ("none", &staff, all.clone()),
        ("text", &staff, PageFilter { text: "casa 7", ..all.clone() }),
        ("text that nobody has", &staff, PageFilter { text: "xyzzy", ..all.clone() }),
        ("online", &staff, PageFilter { state: StateFilter::Online, ..all.clone() }),
        ("without signal", &staff, PageFilter { state: StateFilter::Offline, ..all.clone() }),
        ("never heard of", &staff, PageFilter { state: StateFilter::Never, ..all.clone() }),
        ("kind", &staff, PageFilter { kind: Some(DeviceKind::Switch), ..all.clone() }),
        ("owner", &staff, PageFilter { owner: "bench-7@example.org", ..all.clone() }),
        (
            "text, state and kind",
            &staff,
            PageFilter { text: "casa", state: StateFilter::Online, kind: Some(DeviceKind::Switch), ..all.clone() },
        ),
        ("none, as a customer", &customer, all),
    ];
    for (name, who, filter) in filters {
        tell(&asked(world, app, plan, name, who, filter).await?);
    }
    Ok(())
}

async fn asked(
    world: &World,
    app: &App,
    plan: &Plan,
    name: &'static str,
    who: &Principal,
    mut filter: PageFilter<'_>,
) -> Result<Line, BenchError> {
    let (mut times, mut first_max_ms, mut found) = (Vec::new(), 0.0_f64, 0);
    for order in ORDERS {
        filter.sort = Sort::of_word(order);
        let mut from: Option<Place> = None;
        loop {
            filter.from = from;
            let mut next = None;
            for round in 0..=plan.rounds {
                let begun = world.clock.instant();
                let page = fleet::page(app, who, &filter).await.map_err(failed)?;
                let sent = serde_json::to_string(&page).map_err(failed)?;
                let ms = (world.clock.instant() - begun).as_secs_f64() * 1_000.0;
                if sent.is_empty() || page.rows.len() > PAGE_ROWS {
                    return Err(failed("a page is no page"));
                }
                if round == 0 {
                    first_max_ms = first_max_ms.max(ms);
                } else {
                    times.push(ms);
                }
                (found, next) = (page.found, page.next);
            }
            from = next.as_deref().and_then(|next| next.parse().ok());
            if from.is_none() {
                break;
            }
        }
    }
    times.sort_by(f64::total_cmp);
    let quantile = |percent: usize| times.get(((times.len() * percent).div_ceil(100)).saturating_sub(1)).copied().map_or(0.0, round);
    Ok(Line {
        bench: "devices",
        engine: if plan.database.is_some() { "postgres" } else { "sqlite" },
        filter: name,
        devices: plan.devices,
        found,
        pages: times.len(),
        p50_ms: quantile(50),
        p95_ms: quantile(95),
        max_ms: quantile(100),
        first_max_ms: round(first_max_ms),
        rss_mb: machine::rss_mb().map(round),
    })
}

/// Devices of every kind, with owners, an hour of values, and of one in five a silence; one in fifty has never spoken. Says who the first owner is.
async fn fill(world: &World, app: &App, count: usize) -> Result<UserId, BenchError> {
    let now_ms = world.clock.now_ms();
    let by = By { actor: &Actor::named("bench"), at_ms: now_ms };
    let mut owners = Vec::new();
    for n in 0..OWNERS {
        let email = format!("bench-{n}@example.org");
        let new = users::NewUser { email: &email, name: "", role: Role::Customer, password_hash: None };
        users::insert(app.registry(), &new, by).await.map_err(failed)?;
        let user = users::by_email(app.registry(), &email).await.map_err(failed)?;
        owners.push(user.ok_or_else(|| failed("a user that was added is not there"))?.id);
    }
    let mut numbers = Vec::with_capacity(count);
    for n in 0..count {
        let id = DeviceId::new(format!("bench-{n}")).map_err(failed)?;
        let name = format!("Medidor de la casa {} número {n}", n * 7_919 % count);
        let new = devices::NewDevice {
            id: &id,
            kind: DeviceKind::ALL[n % 3],
            name: &name,
            owner: Some(owners[n % OWNERS]),
            token_hash: id.as_str(),
        };
        numbers.push(devices::insert(app.registry(), &new, by).await.map_err(failed)?);
    }
    for minutes in [55, 40, 25, 10, 6, 0] {
        for some in numbers.chunks(500) {
            let batch: Vec<Entry> = some
                .iter()
                .filter(|n| n.0 % 50 != 7 && (minutes > 5 || n.0 % 5 != 0))
                .map(|n| entry(*n, now_ms - minutes * MINUTE_MS))
                .collect();
            app.store().append(&batch).await.map_err(failed)?;
        }
        if minutes == 25 {
            app.store().compact().await.map_err(failed)?;
        }
    }
    Ok(owners[0])
}

fn entry(device: DeviceNumber, at_ms: i64) -> Entry {
    #[expect(clippy::cast_precision_loss, reason = "any value will do")]
    let value = (device.0 * 7_919 % 5_000) as f64 + (at_ms % 97) as f64;
    let names = ["power_w", "voltage_v", "current_a", "energy_wh", "power_factor", "frequency_hz"];
    let values = names.into_iter().map(|name| (name.to_owned(), value)).collect();
    let (events, attributes, refused) = Default::default();
    Entry { device, received_ms: at_ms, readings: vec![Stamped { at_ms, values }], events, attributes, online: None, refused, heard: true }
}
