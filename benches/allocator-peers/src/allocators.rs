//! The allocators behind one trait.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use ferrocil_alloc::heap::{self, AllocType, Colour, HeaderLayout, Sweep};

use crate::workload::run_pairs;

const ALIGN: usize = 8;
const TYPE: AllocType = AllocType::new(1).unwrap();

/// A piece of memory for one allocator, touched and never given back.
pub struct Arena(&'static mut [MaybeUninit<u8>]);

impl Arena {
    pub fn new(bytes: usize) -> Arena {
        // The pages exist before anything is measured.
        let words: &'static mut [MaybeUninit<u64>] =
            Box::leak(vec![MaybeUninit::new(1_u64); bytes / 8].into_boxed_slice());
        // SAFETY: the same bytes; `MaybeUninit<u8>` has no requirements.
        Arena(unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), bytes) })
    }
}

/// A heap over an arena.
pub trait Heap {
    fn name() -> &'static str
    where
        Self: Sized;
    fn new(arena: Arena) -> Self
    where
        Self: Sized;
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>>;
    /// # Safety
    /// A live allocation of this size, not used afterwards.
    unsafe fn free(&mut self, payload: NonNull<u8>, size: usize);
    /// [`run_pairs`] for this type.
    fn pairs(
        &mut self,
        live: &mut [(NonNull<u8>, usize)],
        bytes: &mut usize,
        choices: &[(usize, usize)],
    );
    /// Marks what a sweep is to free; not measured.
    fn before_sweep(&mut self, _dead: &[(NonNull<u8>, usize)]) {}
    /// Frees the dead, which are in the order of addresses.
    ///
    /// # Safety
    /// Live allocations, not used afterwards.
    unsafe fn sweep(&mut self, dead: &[(NonNull<u8>, usize)]) {
        for &(payload, size) in dead {
            // SAFETY: by the caller's promise.
            unsafe { self.free(payload, size) };
        }
    }
}

macro_rules! pairs {
    () => {
        fn pairs(
            &mut self,
            live: &mut [(NonNull<u8>, usize)],
            bytes: &mut usize,
            choices: &[(usize, usize)],
        ) {
            run_pairs(self, live, bytes, choices);
        }
    };
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, ALIGN).expect("small sizes")
}

pub struct Ours<L: HeaderLayout>(heap::Heap<'static, L>);

/// What the two layouts are called in the table.
pub trait Named {
    const PLAIN: &'static str;
    const LATER: &'static str;
}

impl Named for heap::Compact {
    const PLAIN: &'static str = "ours, compact";
    const LATER: &'static str = "ours, compact, `free_later`";
}

impl Named for heap::Wide {
    const PLAIN: &'static str = "ours, wide";
    const LATER: &'static str = "ours, wide, `free_later`";
}

impl<L: HeaderLayout + Named> Heap for Ours<L> {
    fn name() -> &'static str {
        L::PLAIN
    }
    fn new(arena: Arena) -> Self {
        Ours(heap::Heap::new(arena.0).expect("16 MiB"))
    }
    #[inline]
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        self.0.try_alloc(size, TYPE)
    }
    #[inline]
    unsafe fn free(&mut self, payload: NonNull<u8>, _: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.free(payload) };
    }
    pairs!();
    fn before_sweep(&mut self, dead: &[(NonNull<u8>, usize)]) {
        for &(payload, _) in dead {
            // SAFETY: live allocations.
            unsafe { self.0.set_colour(payload, Colour::BLACK) };
        }
    }
    unsafe fn sweep(&mut self, _: &[(NonNull<u8>, usize)]) {
        // SAFETY: by the caller's promise; here black is dead.
        unsafe {
            self.0.sweep(|_, _, allocation| match allocation.colour {
                Colour::BLACK => Sweep::Free,
                other => Sweep::Keep(other),
            });
        }
    }
}

pub struct OursLater<L: HeaderLayout>(heap::Heap<'static, L>);

impl<L: HeaderLayout + Named> Heap for OursLater<L> {
    fn name() -> &'static str {
        L::LATER
    }
    fn new(arena: Arena) -> Self {
        OursLater(heap::Heap::new(arena.0).expect("16 MiB"))
    }
    #[inline]
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        self.0.try_alloc(size, TYPE)
    }
    #[inline]
    unsafe fn free(&mut self, payload: NonNull<u8>, _: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.free_later(payload) };
    }
    pairs!();
}

pub struct Talc(talc::Talc<talc::ErrOnOom>);

impl Heap for Talc {
    fn name() -> &'static str {
        "talc 4"
    }
    fn new(arena: Arena) -> Self {
        let mut talc = talc::Talc::new(talc::ErrOnOom);
        // SAFETY: memory that is nobody else's and stays.
        unsafe { talc.claim(talc::Span::from(arena.0)) }.expect("a claim");
        Talc(talc)
    }
    #[inline]
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        // SAFETY: the size is not zero.
        unsafe { self.0.malloc(layout(size)) }.ok()
    }
    #[inline]
    unsafe fn free(&mut self, payload: NonNull<u8>, size: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.free(payload, layout(size)) };
    }
    pairs!();
}

pub struct Rlsf(rlsf::Tlsf<'static, u32, u32, 20, 32>);

impl Heap for Rlsf {
    fn name() -> &'static str {
        "rlsf 0.2"
    }
    fn new(arena: Arena) -> Self {
        let mut tlsf = rlsf::Tlsf::new();
        let _ = tlsf.insert_free_block(arena.0);
        Rlsf(tlsf)
    }
    #[inline]
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        self.0.allocate(layout(size))
    }
    #[inline]
    unsafe fn free(&mut self, payload: NonNull<u8>, _: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.deallocate(payload, ALIGN) };
    }
    pairs!();
}

pub struct LinkedList(linked_list_allocator::Heap);

impl Heap for LinkedList {
    fn name() -> &'static str {
        "linked_list_allocator 0.10"
    }
    fn new(arena: Arena) -> Self {
        let mut heap = linked_list_allocator::Heap::empty();
        // SAFETY: memory that is nobody else's and stays.
        unsafe { heap.init(arena.0.as_mut_ptr().cast(), arena.0.len()) };
        LinkedList(heap)
    }
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        self.0.allocate_first_fit(layout(size)).ok()
    }
    unsafe fn free(&mut self, payload: NonNull<u8>, size: usize) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.deallocate(payload, layout(size)) };
    }
    pairs!();
}

pub struct Buddy(buddy_system_allocator::Heap<32>);

impl Heap for Buddy {
    fn name() -> &'static str {
        "buddy_system_allocator 0.11"
    }
    fn new(arena: Arena) -> Self {
        let mut heap = buddy_system_allocator::Heap::new();
        // SAFETY: memory that is nobody else's and stays.
        unsafe { heap.init(arena.0.as_ptr().addr(), arena.0.len()) };
        Buddy(heap)
    }
    fn alloc(&mut self, size: usize) -> Option<NonNull<u8>> {
        self.0.alloc(layout(size)).ok()
    }
    unsafe fn free(&mut self, payload: NonNull<u8>, size: usize) {
        self.0.dealloc(payload, layout(size));
    }
    pairs!();
}
