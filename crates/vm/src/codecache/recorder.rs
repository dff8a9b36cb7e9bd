//! What one compilation relied on.

use std::cell::{Cell, RefCell};

use ferrocil_generics::ImageId;
use rustc_hash::FxHashSet;

use super::record::Assumption;
use crate::runtime::Runtime;
use crate::types::ClassPtr;

/// Notes what the host of a compilation answered from.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    classes: RefCell<FxHashSet<ClassPtr>>,
    assumptions: RefCell<FxHashSet<Assumption>>,
    process_bound: Cell<bool>,
}

impl Recorder {
    /// Something about a class was answered.
    pub(crate) fn touch(&self, class: ClassPtr) {
        self.classes.borrow_mut().insert(class);
    }

    /// The answer is right while this holds.
    pub(crate) fn assume(&self, assumption: Assumption) {
        self.assumptions.borrow_mut().insert(assumption);
    }

    /// The answer is for this process only: the code is not to be kept.
    pub(crate) fn bind_to_process(&self) {
        self.process_bound.set(true);
    }

    pub(super) fn is_process_bound(&self) -> bool {
        self.process_bound.get()
    }

    pub(super) fn assumptions(&self) -> Vec<Assumption> {
        self.assumptions.borrow().iter().copied().collect()
    }

    /// The images that the answers came from: those of the classes, of their bases, interfaces and
    /// parts, as far as they were looked at.
    pub(super) fn images(&self, runtime: &Runtime) -> FxHashSet<ImageId> {
        let universe = runtime.universe();
        let corlib = universe.corlib_set();
        let mut images = FxHashSet::default();
        let mut seen: FxHashSet<ClassPtr> = FxHashSet::default();
        let mut open: Vec<ClassPtr> = self.classes.borrow().iter().copied().collect();
        while let Some(class) = open.pop() {
            let set = universe.images_of(class.ty);
            if set == corlib {
                // It has no references to other images.
                images.extend(universe.corlib());
                continue;
            }
            if !seen.insert(class) {
                continue;
            }
            images.extend(universe.image_set(set).images());
            images.insert(class.image);
            open.extend(class.parent);
            open.extend(class.element);
            if let Some(Ok(interfaces)) = class.interfaces.get() {
                open.extend(interfaces.iter());
            }
            if let Some(Ok(fields)) = class.fields.get() {
                let types = fields.iter().map(|f| f.ty);
                open.extend(types.filter_map(|ty| runtime.class_if_loaded(ty)));
            }
        }
        images
    }
}
