//! Keys for scripts, in their owner's words.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::http::Method;
use serde::Deserialize;
use vigia_backend::auth::api_key::{self, KeyError, Wanted};
use vigia_backend::db::keys::Listed;
use vigia_domain::ids::KeyId;
use vigia_domain::rights::{Principal, Scope};

use super::{Asked, go_on, told};
use crate::fault::{Fault, FieldFault};
use crate::i18n::Texts;
use crate::pages::keys::{Key, KeysData, Made, Offered, Refused};

/// What came of the form in the page, for the page that answers it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome(Result<Made, Refused>);

/// So many keys stand on a page: one's own do.
const ROWS: usize = 100;

/// The keys that one may end, those made before `below`, and what one may give to another.
pub(crate) async fn keys(below: Option<i64>) -> Result<KeysData, Fault> {
    let asked = Asked::here()?;
    let (listed, next) = told(api_key::list(&asked.app, &asked.principal, below.map(KeyId), ROWS).await.map_err(Into::into))?;
    let Principal::User { id, rights, .. } = asked.principal else { return told(Err(Fault { status: 401, field: None })) };
    let t = asked.lang.texts();
    let outcome = leptos::prelude::use_context::<axum::http::request::Parts>().and_then(|parts| parts.extensions.get::<Outcome>().cloned());
    let (made, refused) = match outcome {
        Some(Outcome(Ok(made))) => (Some(made), None),
        Some(Outcome(Err(refused))) => {
            // The page says it, and its status too.
            let _ = told(Err::<(), _>(refused.fault.clone()));
            (None, Some(refused))
        }
        None => (None, None),
    };
    let offered =
        api_key::scopes(rights).into_iter().map(|scope| Offered { word: scope.as_str().to_owned(), says: scope_word(t, scope).to_owned() });
    let now_ms = asked.app.world().clock.now_ms();
    let key = |key: Listed| Key {
        id: key.id.0,
        name: key.name,
        scopes: key.scopes.into_iter().map(|scope| scope_word(t, scope).to_owned()).collect(),
        owner: match key.owner {
            Some((owner, _)) if owner == id => None,
            Some((_, email)) => Some(email),
            None => Some(t.scope_owner_none.to_owned()),
        },
        created_ms: key.created_ms,
        is_over: key.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms),
        expires_ms: key.expires_ms,
        used_ms: key.used_ms,
    };
    let older = next.map(|KeyId(below)| format!("/keys?below={below}"));
    Ok(KeysData { keys: listed.into_iter().map(key).collect(), older, offered: offered.collect(), made, refused })
}

pub(super) const fn scope_word(t: &'static Texts, scope: Scope) -> &'static str {
    match scope {
        Scope::TelemetryRead => t.scope_read,
        Scope::TelemetryWrite => t.scope_write,
        Scope::MetricsRead => t.scope_metrics,
        Scope::DevicesControl => t.scope_control,
        Scope::Admin => t.scope_admin,
    }
}

/// The form of the page. One box for each scope, so that a browser sends those that are ticked.
#[derive(Debug, Default, Deserialize)]
struct Asking {
    #[serde(default)]
    name: String,
    #[serde(default)]
    days: Option<String>,
    #[serde(flatten)]
    ticked: std::collections::HashMap<String, String>,
}

impl Asking {
    fn scopes(&self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(|scope| self.ticked.contains_key(scope.as_str()))
    }

    fn refused(self, fault: Fault) -> Refused {
        let ticked = self.scopes().map(|scope| scope.as_str().to_owned()).collect();
        Refused { fault, ticked, name: self.name, days: self.days.unwrap_or_default() }
    }
}

/// The request for the page alone, with the key that was made: its text is in this answer and nowhere else.
pub(crate) async fn made(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let form = Form::<Asking>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let outcome = match form {
        Ok(Form(asking)) => make(&parts, &asking).await.map_err(|fault| asking.refused(fault)),
        Err(_) => Err(Asking::default().refused(Fault { status: 422, field: None })),
    };
    parts.extensions.insert(Outcome(outcome));
    parts.method = Method::GET;
    Request::from_parts(parts, Body::empty())
}

async fn make(parts: &axum::http::request::Parts, asking: &Asking) -> Result<Made, Fault> {
    let asked = Asked::of(parts)?;
    let scopes: Vec<Scope> = asking.scopes().collect();
    // Nothing chosen is no end; what is no number is a mistake, and no key that never ends.
    let days = match asking.days.as_deref() {
        Some("") => None,
        Some(days) => Some(days.parse().map_err(|_| Fault { status: 422, field: None })?),
        None => return Err(Fault { status: 422, field: None }),
    };
    let wanted = Wanted { name: &asking.name, scopes: &scopes, days };
    let (_, key) = api_key::make(&asked.app, &asked.principal, &asked.from, &wanted).await.map_err(of_keys)?;
    Ok(Made { name: asking.name.trim().to_owned(), key })
}

/// Ends a key, and goes on.
pub(crate) async fn revoke_key(id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    match api_key::revoke(&asked.app, &asked.principal, &asked.from, KeyId(id)).await {
        // It is over, whoever was quicker.
        Ok(()) | Err(KeyError::Missing) => {}
        Err(error) => return told(Err(of_keys(error))),
    }
    go_on("/keys?done=revoke");
    Ok(())
}

fn of_keys(error: KeyError) -> Fault {
    match error {
        KeyError::Name => FieldFault::KeyName.into(),
        KeyError::NoScope | KeyError::Scope(_) => FieldFault::KeyScope.into(),
        KeyError::Taken => FieldFault::KeyTaken.into(),
        KeyError::Full => FieldFault::KeyFull.into(),
        KeyError::TooMany(_) => FieldFault::SlowDown.into(),
        KeyError::Days | KeyError::Missing => Fault { status: 422, field: None },
        KeyError::Nobodys => Fault { status: 403, field: None },
        KeyError::Db(error) => error.into(),
    }
}
