//! What stands in the place of a page while its data is on its way: the same shape in grey, so that nothing jumps when it comes.

use leptos::prelude::*;

use crate::i18n::use_texts;

/// The page that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A head, a row of figures, cards.
    Board,
    /// A head, filters, a table.
    List,
    /// A head, a row of figures, a chart.
    Device,
}

impl Of {
    /// Its pieces from above. One text: as elements each of them would be code.
    const fn html(self) -> &'static str {
        match self {
            Self::Board => "<p><i></i><i></i></p><p><i></i><i></i><i></i></p><p><i></i><i></i></p>",
            Self::List => "<p><i></i><i></i></p><p><i></i><i></i><i></i><i></i></p><p><i></i><i></i><i></i><i></i><i></i><i></i></p>",
            Self::Device => "<p><i></i><i></i></p><p><i></i><i></i><i></i><i></i></p><p><i></i></p>",
        }
    }
}

/// The shape of a page. Quick answers never show it: it comes after a moment.
#[component]
pub(crate) fn Skeleton(of: Of) -> impl IntoView {
    let class = match of {
        Of::List => "skeleton skeleton--list",
        _ => "skeleton",
    };
    // A heading, too: who looks for the page's by keyboard hears that it is on its way.
    let html = format!(r#"<h1 class="visually-hidden">{}</h1>{}"#, use_texts().page_loading, of.html());
    view! { <div class=class role="status" inner_html=html></div> }
}
