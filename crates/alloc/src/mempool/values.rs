//! What both pools offer on top of raw memory.

/// Writes the typed methods of a pool that has `try_alloc_layout`. A macro and not a trait: the methods
/// should be found without an import, and the two pools differ in nothing else.
macro_rules! typed_allocation {
    () => {
        /// Allocates uninitialised memory, aligned to at least 8. It is good, and its address stays, until
        /// the pool is dropped. A layout of size 0 takes no memory.
        ///
        /// Ends in [`alloc::alloc::handle_alloc_error`] when the system has no memory.
        #[inline]
        pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
            match self.try_alloc_layout(layout) {
                Ok(memory) => memory,
                Err(_) => alloc::alloc::handle_alloc_error(layout),
            }
        }

        /// As [`alloc_layout`](Self::alloc_layout), with all bytes zero.
        pub fn alloc_layout_zeroed(&self, layout: Layout) -> NonNull<u8> {
            let memory = self.alloc_layout(layout);
            // SAFETY: the pool gave this many bytes.
            unsafe { memory.write_bytes(0, layout.size()) };
            memory
        }

        /// Moves a value into the pool. It is never dropped, so types that need it do not compile.
        #[expect(clippy::mut_from_ref, reason = "each call gives memory of its own")]
        #[inline]
        pub fn alloc<T>(&self, value: T) -> &mut T {
            const {
                assert!(
                    !core::mem::needs_drop::<T>(),
                    "a pool never drops its values"
                )
            };
            let place = self.alloc_layout(Layout::new::<T>()).cast::<T>();
            // SAFETY: new memory with the layout of `T`, which lives as long as `self` is borrowed.
            unsafe {
                place.write(value);
                &mut *place.as_ptr()
            }
        }

        /// Copies a slice into the pool.
        #[expect(clippy::mut_from_ref, reason = "each call gives memory of its own")]
        pub fn alloc_slice_copy<T: Copy>(&self, slice: &[T]) -> &mut [T] {
            let place = self.alloc_layout(Layout::for_value(slice)).cast::<T>();
            // SAFETY: new memory with the layout of the slice.
            unsafe {
                place.copy_from_nonoverlapping(NonNull::from(slice).cast(), slice.len());
                core::slice::from_raw_parts_mut(place.as_ptr(), slice.len())
            }
        }

        /// Makes a slice of `len` values in the pool; `value` gets the index of each.
        ///
        /// # Panics
        /// When the size overflows the address space; also when `value` panics, in which case the
        /// memory stays taken until the pool is dropped.
        #[expect(clippy::mut_from_ref, reason = "each call gives memory of its own")]
        pub fn alloc_slice_with<T>(
            &self,
            len: usize,
            mut value: impl FnMut(usize) -> T,
        ) -> &mut [T] {
            const {
                assert!(
                    !core::mem::needs_drop::<T>(),
                    "a pool never drops its values"
                )
            };
            let layout = Layout::array::<T>(len).expect("a slice is at most isize::MAX bytes");
            let place = self.alloc_layout(layout).cast::<T>();
            for index in 0..len {
                // SAFETY: in bounds of the new memory.
                unsafe { place.add(index).write(value(index)) };
            }
            // SAFETY: all `len` values were written.
            unsafe { core::slice::from_raw_parts_mut(place.as_ptr(), len) }
        }

        /// Copies a string into the pool.
        pub fn alloc_str(&self, text: &str) -> &str {
            let bytes = self.alloc_slice_copy(text.as_bytes());
            // SAFETY: a copy of the bytes of a string.
            unsafe { core::str::from_utf8_unchecked(bytes) }
        }

        /// A value of all zero bytes.
        #[expect(clippy::mut_from_ref, reason = "each call gives memory of its own")]
        pub fn alloc_zeroed<T: Zeroable>(&self) -> &mut T {
            const {
                assert!(
                    !core::mem::needs_drop::<T>(),
                    "a pool never drops its values"
                )
            };
            let place = self.alloc_layout_zeroed(Layout::new::<T>()).cast::<T>();
            // SAFETY: new memory; all bytes zero is a value of `T`.
            unsafe { &mut *place.as_ptr() }
        }

        /// A slice of values of all zero bytes.
        ///
        /// # Panics
        /// When the size overflows the address space.
        #[expect(clippy::mut_from_ref, reason = "each call gives memory of its own")]
        pub fn alloc_slice_zeroed<T: Zeroable>(&self, len: usize) -> &mut [T] {
            const {
                assert!(
                    !core::mem::needs_drop::<T>(),
                    "a pool never drops its values"
                )
            };
            let layout = Layout::array::<T>(len).expect("a slice is at most isize::MAX bytes");
            let place = self.alloc_layout_zeroed(layout).cast::<T>();
            // SAFETY: new memory of `len` values; all bytes zero is a value of `T`.
            unsafe { core::slice::from_raw_parts_mut(place.as_ptr(), len) }
        }
    };
}

pub(super) use typed_allocation;
