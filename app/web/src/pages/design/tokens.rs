//! What everything is made of: colours, sizes of letters, corners, room. Most of it is drawn by attributes of SVG: the page's policy lets no
//! style stand in an element, and rules of the style sheet would be in what every page loads.

use leptos::prelude::*;

use super::Section;

/// Those of `style/tokens.css` by name.
const COLOURS: [&str; 22] = [
    "paper",
    "card",
    "sunken",
    "line",
    "edge",
    "ink",
    "ink-2",
    "ink-3",
    "beacon",
    "beacon-soft",
    "beacon-ink",
    "good",
    "good-soft",
    "bad",
    "bad-soft",
    "info",
    "info-soft",
    "c1",
    "c2",
    "c3",
    "c4",
    "night",
];
const LETTERS: [&str; 6] = ["2xl", "xl", "l", "m", "s", "xs"];
const CORNERS: [&str; 3] = ["s", "m", "l"];
const ROOM: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];

#[component]
pub(super) fn Tokens() -> impl IntoView {
    let colour = |name: &'static str| {
        let fill = format!("var(--{name})");
        named(name.to_owned(), view! { <svg aria-hidden="true"><rect width="100%" height="100%" rx="8" fill=fill></rect></svg> })
    };
    let letters = |name: &'static str| {
        let size = format!("var(--text-{name})");
        let text = view! { <svg aria-hidden="true"><text y="36" fill="currentColor" font-size=size>"1,284 W"</text></svg> };
        named(format!("text-{name}"), text)
    };
    let corner = |name: &'static str| named(format!("radius-{name}"), view! { <div class=format!("corner corner--{name}")></div> });
    let room = |name: &'static str| {
        let width = format!("var(--space-{name})");
        let bar = view! { <svg aria-hidden="true"><path d="M24 4v40" stroke="var(--info)" stroke-width=width></path></svg> };
        named(format!("space-{name}"), bar)
    };
    view! {
        <Section id="tokens">
            <ul class="swatches">{COLOURS.map(colour)}</ul>
            <ul class="swatches">{LETTERS.map(letters)}{CORNERS.map(corner)}</ul>
            <ul class="swatches">{ROOM.map(room)}</ul>
        </Section>
    }
}

/// Something, and the name of its token.
fn named(name: String, shown: impl IntoView) -> impl IntoView {
    view! { <li>{shown}<code>{name}</code></li> }
}
