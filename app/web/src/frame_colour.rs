//! The colour of the browser's own frame: that of the theme, the chosen one or the system's. The page comes with it; what follows a switch is a few lines
//! of script in the document, so that no first visit loads code for it.

use leptos::prelude::*;

use crate::boot::Theme;

/// Paper of `style/tokens.css`.
const PAPER: [(Theme, &str); 2] = [(Theme::Light, "#fbfaf7"), (Theme::Dark, "#0b0f16")];

/// Follows the switch. Goes after the page's own start, in the same script.
pub(crate) const FOLLOW: &str = concat!("\n", include_str!("frame_colour.js"));

/// Both colours, each with when it is the right one. `view!` knows no `media` on a `<meta>`.
pub(crate) fn colours(chosen: Theme) -> impl IntoView {
    PAPER.map(|(of, colour)| {
        leptos::html::meta().name("theme-color").content(colour).attr("media", media(of, chosen)).attr("data-of", of.as_str())
    })
}

fn media(of: Theme, chosen: Theme) -> &'static str {
    match (chosen, of) {
        (Theme::System, Theme::Dark) => "(prefers-color-scheme: dark)",
        (Theme::System, _) => "(prefers-color-scheme: light)",
        _ if chosen == of => "all",
        _ => "not all",
    }
}
