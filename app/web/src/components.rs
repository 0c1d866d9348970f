//! Parts that pages are made of, one a file, each with its styles in `style/components/`.

pub(crate) mod age;
pub(crate) mod badge;
pub(crate) mod copy;
pub(crate) mod empty;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod here;
pub(crate) mod icon;
pub(crate) mod language_switch;
pub(crate) mod live_state;
pub(crate) mod mark;
pub(crate) mod moment;
pub(crate) mod notice;
pub(crate) mod sign_out;
pub(crate) mod theme_switch;
pub(crate) mod title;
