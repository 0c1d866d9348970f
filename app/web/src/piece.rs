//! Pieces of a page: what can be taken over after the rest of it.
//!
//! A page of the server is taken over by walking it once, and on a phone that walk is long enough to be felt. A piece is stepped over
//! by it and taken over in a moment of its own ([`crate::takeover`]). Until all of them are, nothing of the app moves, so
//! it is the same as one walk. Elsewhere (on the server, and on a page that the browser makes) a piece is its view and nothing else.

#[cfg(not(target_arch = "wasm32"))]
use leptos::prelude::*;

/// A view that consists of exactly one element, made when its turn comes. What is asked of the server is numbered in the order in which
/// a page is walked, and pieces come in this order, but behind all else: one that asks may have nothing behind it that asks and is no piece.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn piece<V: IntoView + 'static>(view: impl FnOnce() -> V + Send + 'static) -> impl IntoView {
    view().into_any()
}

#[cfg(target_arch = "wasm32")]
pub(crate) use browser::piece;

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::RefCell;
    use std::rc::Rc;

    use leptos::attr::Attribute;
    use leptos::attr::any_attribute::AnyAttribute;
    use leptos::prelude::*;
    use leptos::tachys::hydration::Cursor;
    use leptos::tachys::renderer::types::{Element, Node};
    use leptos::tachys::view::any_view::{AnyView, AnyViewState};
    use leptos::tachys::view::{Mountable, Position, PositionState};
    use leptos::web_sys;
    use wasm_bindgen::JsCast;

    use crate::takeover::Takeover;

    pub(crate) fn piece<V: IntoView + 'static>(view: impl FnOnce() -> V + Send + 'static) -> Piece {
        Piece { view: Box::new(move || view().into_any()), owner: Owner::current().unwrap_or_default() }
    }

    /// Not made yet.
    pub(crate) struct Piece {
        view: Box<dyn FnOnce() -> AnyView + Send>,
        owner: Owner,
    }

    impl Piece {
        /// Makes it, as if its turn had come in the walk.
        fn make(self) -> AnyView {
            self.owner.with(self.view)
        }
    }

    /// What stands in the page for it.
    pub(crate) enum Stage {
        /// The server's element, not taken over yet.
        Waits(Element),
        Stands(AnyViewState),
    }

    /// The state of a piece; the queue holds it, too.
    pub(crate) struct PieceState(Rc<RefCell<Stage>>);

    impl PieceState {
        fn with<T>(&self, waits: impl FnOnce(&Element) -> T, stands: impl FnOnce(&mut AnyViewState) -> T) -> T {
            match &mut *self.0.borrow_mut() {
                Stage::Waits(element) => waits(element),
                Stage::Stands(state) => stands(state),
            }
        }
    }

    impl Render for Piece {
        type State = PieceState;

        fn build(self) -> Self::State {
            PieceState(Rc::new(RefCell::new(Stage::Stands(self.make().build()))))
        }

        fn rebuild(self, state: &mut Self::State) {
            let view = self.make();
            let mut stage = state.0.borrow_mut();
            match &mut *stage {
                Stage::Stands(state) => view.rebuild(state),
                // Drawn again before its turn came: the new one takes its place, and the queue finds nothing to do.
                Stage::Waits(element) => {
                    let mut new = view.build();
                    if let Some(parent) = element.parent_element() {
                        new.mount(&parent, Some(element.as_ref()));
                    }
                    element.remove();
                    *stage = Stage::Stands(new);
                }
            }
        }
    }

    impl RenderHtml for Piece {
        type AsyncOutput = AnyView;
        type Owned = Self;

        const MIN_LENGTH: usize = 0;

        fn dry_resolve(&mut self) {}

        async fn resolve(self) -> Self::AsyncOutput {
            self.make()
        }

        fn to_html_with_buf(
            self,
            buf: &mut String,
            position: &mut Position,
            escape: bool,
            mark_branches: bool,
            extra_attrs: Vec<AnyAttribute>,
        ) {
            self.make().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
        }

        fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
            let Some(takeover) = use_context::<Takeover>().filter(Takeover::is_under_way) else {
                let state = self.make().hydrate::<FROM_SERVER>(cursor, position);
                return PieceState(Rc::new(RefCell::new(Stage::Stands(state))));
            };
            match position.get() {
                Position::FirstChild => cursor.child(),
                Position::Current => {}
                _ => cursor.sibling(),
            }
            let node: Node = cursor.current();
            let element: Element = node.unchecked_into::<web_sys::Element>();
            position.set(Position::NextChild);
            let stage = Rc::new(RefCell::new(Stage::Waits(element.clone())));
            let state = Rc::clone(&stage);
            let waits = |stage: &RefCell<Stage>| matches!(*stage.borrow(), Stage::Waits(_));
            // Made in one moment and walked in the next.
            let (queue, owner) = (takeover.clone(), self.owner.clone());
            takeover.then(move || {
                if !waits(&stage) {
                    return;
                }
                let view = self.make();
                queue.then(move || {
                    if !waits(&stage) {
                        return;
                    }
                    let taken = owner.with(|| view.hydrate_from_position::<true>(&element, Position::Current));
                    *stage.borrow_mut() = Stage::Stands(taken);
                });
            });
            PieceState(state)
        }

        fn into_owned(self) -> Self::Owned {
            self
        }
    }

    impl AddAnyAttr for Piece {
        type Output<SomeNewAttr: Attribute> = Self;

        fn add_any_attr<NewAttr: Attribute>(self, attr: NewAttr) -> Self::Output<NewAttr> {
            let (owner, view, attr) = (self.owner, self.view, attr.into_cloneable_owned());
            Self { view: Box::new(move || view().add_any_attr(attr).into_any()), owner }
        }
    }

    impl Mountable for PieceState {
        fn unmount(&mut self) {
            self.with(Element::remove, Mountable::unmount);
        }

        fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
            self.with(
                |element| {
                    let _ = parent.insert_before(element, marker);
                },
                |state| state.mount(parent, marker),
            );
        }

        fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
            match &*self.0.borrow() {
                Stage::Waits(element) => {
                    let Some(parent) = element.parent_element() else { return false };
                    child.mount(&parent, Some(element.as_ref()));
                    true
                }
                Stage::Stands(state) => state.insert_before_this(child),
            }
        }

        fn elements(&self) -> Vec<Element> {
            self.with(|element| vec![element.clone()], |state| state.elements())
        }
    }
}
