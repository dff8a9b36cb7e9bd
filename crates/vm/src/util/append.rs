//! A list that only grows, whose items do not move.

use parking_lot::RwLock;

/// Items by index; `&T` stays valid while the list lives.
#[derive(Debug)]
pub struct AppendVec<T> {
    items: RwLock<Vec<Box<T>>>,
}

impl<T> Default for AppendVec<T> {
    fn default() -> Self {
        AppendVec {
            items: RwLock::new(Vec::new()),
        }
    }
}

impl<T> AppendVec<T> {
    /// Adds an item made from its index; gives the item back.
    pub fn push_with(&self, make: impl FnOnce(usize) -> T) -> &T {
        match self.try_push_with(|i| Ok::<T, std::convert::Infallible>(make(i))) {
            Ok(item) => item,
            Err(never) => match never {},
        }
    }

    /// Like [`AppendVec::push_with`], but the item may fail to be made: then nothing is added.
    pub fn try_push_with<E>(&self, make: impl FnOnce(usize) -> Result<T, E>) -> Result<&T, E> {
        let mut items = self.items.write();
        let item = Box::new(make(items.len())?);
        let pointer: *const T = &raw const *item;
        items.push(item);
        // SAFETY: the box is never dropped or moved out while `self` is borrowed.
        Ok(unsafe { &*pointer })
    }

    /// The item at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&T> {
        let pointer: *const T = &raw const **self.items.read().get(index)?;
        // SAFETY: as in `push_with`.
        Some(unsafe { &*pointer })
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.read().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items that are there now.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}
