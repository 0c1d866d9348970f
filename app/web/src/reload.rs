//! While developing: open pages reload when the bundle or the program is new. Not in release builds.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use vigia_backend::app::App;
use vigia_backend::http::assets::NamesNow;
use vigia_backend::http::{Right, Route};
use vigia_backend::lifecycle::Phase;

const PATH: &str = "/_dev/reload";
const LOOK: Duration = Duration::from_millis(200);

/// Remembers what it first heard, and reloads when it hears something else: of a new bundle, or of a new program after
/// the connection was lost.
pub(crate) const SCRIPT: &str =
    ";{let first;new EventSource('/_dev/reload').onmessage=({data})=>{first??=data;if(data!==first)location.reload()}}";

/// Says which bundle and which process this is, and again whenever it is another one.
pub(crate) fn route(names: NamesNow) -> Route {
    let process = std::process::id();
    let answer = move |State(app): State<App>| async move {
        let stop = app.lifecycle().stopping(Phase::Intake);
        let said = stream::unfold(None::<String>, move |last| async move {
            loop {
                let now = format!("{process} {}", names().build);
                if last.as_ref() != Some(&now) {
                    return Some((Ok::<_, Infallible>(Event::default().data(now.clone())), Some(now)));
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        // A page that listens must not hold up the restart that it waits for.
        Sse::new(said.take_until(stop.cancelled_owned())).keep_alive(KeepAlive::default())
    };
    Route::get(PATH, Right::Public, answer)
}
