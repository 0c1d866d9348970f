//! Line icons on a grid of 24, drawn for this house.

use leptos::prelude::*;

/// A picture beside a word. Never alone: it says nothing to a screen reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A chip: devices.
    Device,
    /// A person: the account.
    Person,
    /// Half light, half dark: the system's theme.
    System,
    /// Sun: light.
    Sun,
    /// Moon: dark.
    Moon,
    /// Two sheets: copy.
    Copy,
    /// A tick.
    Check,
    /// An arrow to the left.
    Back,
    /// A box with an arrow out of it: sign out.
    Leave,
    /// A globe: language.
    Globe,
    /// A magnifying glass.
    Search,
    /// A house.
    Home,
    /// Two sliders: settings.
    Sliders,
    /// A cross: close.
    Close,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Device => {
                "M8 6h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2Zm1-3v3m6-3v3M9 18v3m6-3v3M3 9h3m-3 6h3m12-6h3m-3 6h3"
            }
            Self::Person => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8a7.5 7.5 0 0 1 15 0",
            Self::System => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Zm0 0v17m0-14 5.8-1.2M12 11h8.4M12 15.5h7.7",
            Self::Sun => {
                "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2m9-9h-2M5 12H3m15.4-6.4L17 7M7 17l-1.4 1.4m12.8 0L17 17M7 7 5.6 5.6"
            }
            Self::Moon => "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5Z",
            Self::Copy => {
                "M10 9h8a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 18 20h-8a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 10 9Zm-4.5 6A1.5 1.5 0 0 1 4 13.5v-8A1.5 1.5 0 0 1 5.5 4h8A1.5 1.5 0 0 1 15 5.5"
            }
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Back => "M14.5 5.5 8 12l6.5 6.5",
            Self::Leave => "M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4m5-4 4-4-4-4m4 4H9.5",
            Self::Search => "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.7-1.8L20 20",
            Self::Home => "M4 11.2 12 4l8 7.2V19a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 19Zm5.5 9.3v-6h5v6",
            Self::Sliders => {
                "M4 7.5h8.5m5 0H20M4 16.5h2.5m5 0H20M15 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-6 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z"
            }
            Self::Close => "M6.5 6.5 17.5 17.5M17.5 6.5 6.5 17.5",
            Self::Globe => {
                "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM3.5 12h17M12 3.5c2.5 2.4 3.6 5.3 3.6 8.5s-1.1 6.1-3.6 8.5c-2.5-2.4-3.6-5.3-3.6-8.5s1.1-6.1 3.6-8.5Z"
            }
        }
    }
}

/// One of them.
#[component]
pub(crate) fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.7"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=shape.path()></path>
        </svg>
    }
}
