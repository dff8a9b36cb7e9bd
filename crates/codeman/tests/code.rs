//! Code in a code manager: it runs, it is freed, and several threads may do so at once.

use std::num::NonZeroUsize;
use std::sync::Barrier;

use ferrocil_codeman::{
    CodeManager, CodeManagerKind, CodeManagerOptions, CodeRange, Error, LoaderArena,
};

/// `mov eax, value; ret`
fn constant(value: u32) -> Vec<u8> {
    let mut code = vec![0xb8];
    code.extend(value.to_le_bytes());
    code.push(0xc3);
    code
}

fn call(code: CodeRange) -> u32 {
    // SAFETY: every range in this file is a function of this type, in a manager that is alive.
    let function: extern "C" fn() -> u32 = unsafe { std::mem::transmute(code.as_ptr()) };
    function()
}

fn manager(arena: &std::sync::Arc<LoaderArena>, kind: CodeManagerKind) -> CodeManager {
    CodeManager::new(arena, kind, CodeManagerOptions::default()).unwrap()
}

#[test]
fn written_code_runs() {
    let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE).unwrap();
    let manager = manager(&arena, CodeManagerKind::Domain);
    let mut block = manager.reserve(100, 1).unwrap();
    let address = block.address();
    for byte in constant(41) {
        block.write(&[byte]).unwrap();
    }
    let used = block.written();
    let code = manager.commit(block, used).unwrap();
    assert_eq!((code.address, code.len), (address, 6));
    assert!(code.address.is_multiple_of(16));
    assert!(manager.contains(address) && code.contains(address + 5) && !code.contains(code.end()));
    assert_eq!(call(code), 41);
    // The tail was given back: the next block starts at the next multiple of 16.
    assert_eq!(manager.reserve(1, 1).unwrap().address(), address + 16);
}

#[test]
fn running_code_can_be_patched() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let manager = manager(&arena, CodeManagerKind::Global);
    // Three bytes of nop, so that the constant is aligned for an atomic store.
    let code = [vec![0x0f, 0x1f, 0x00], constant(1)].concat();
    let code = manager.install(&code, 16).unwrap();
    assert_eq!(call(code), 1);
    // SAFETY: the constant of `mov eax, imm32`; any value is valid code.
    unsafe { arena.patch_u32(code.address + 4, 2) };
    arena.synchronize_instruction_fetch().unwrap();
    assert_eq!(call(code), 2);
}

#[test]
fn a_dropped_block_and_a_wrong_commit_give_everything_back() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let one = manager(&arena, CodeManagerKind::Domain);
    let two = manager(&arena, CodeManagerKind::Domain);
    let address = one.reserve(64, 16).unwrap().address();
    let block = one.reserve(64, 16).unwrap();
    assert_eq!(block.address(), address);
    assert!(matches!(
        two.commit(block, 64),
        Err(Error::ForeignBlock { .. })
    ));
    let mut block = one.reserve(64, 16).unwrap();
    assert_eq!(block.address(), address);
    assert!(matches!(
        block.write(&[0; 65]),
        Err(Error::BlockOverflow {
            wanted: 65,
            len: 64
        })
    ));
    assert_eq!(block.written(), 0);
    assert!(matches!(block.commit(65), Err(Error::BlockOverflow { .. })));
    let stats = one.stats();
    assert_eq!((stats.used, stats.pending, stats.wasted), (0, 0, 0));
}

#[test]
fn bad_requests_are_refused() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let manager = manager(&arena, CodeManagerKind::Domain);
    assert!(matches!(manager.reserve(0, 1), Err(Error::ZeroSize)));
    for align in [0, 3, 8192] {
        assert!(matches!(
            manager.reserve(1, align),
            Err(Error::Alignment { .. })
        ));
    }
    for size in [2 << 20, usize::MAX - 10, usize::MAX] {
        assert!(matches!(
            manager.reserve(size, 16),
            Err(Error::Exhausted { .. })
        ));
    }
    assert!(matches!(
        manager.reserve_thunk(arena.base(), 16, 16),
        Err(Error::ForeignAddress { .. })
    ));
    let options = CodeManagerOptions {
        alignment: 24,
        ..CodeManagerOptions::default()
    };
    assert!(matches!(
        CodeManager::new(&arena, CodeManagerKind::Domain, options),
        Err(Error::Alignment { align: 24, .. })
    ));
    assert_eq!(manager.stats().chunks, 0);
    assert_eq!(manager.reserve(100, 4096).unwrap().address() % 4096, 0);
}

#[test]
fn holes_left_by_commits_are_used() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let manager = manager(&arena, CodeManagerKind::Domain);
    let first = manager.reserve(1024, 16).unwrap();
    let second = manager.reserve(1024, 16).unwrap();
    let address = first.address();
    // The first block is not the last one reserved: its tail becomes a hole.
    first.commit(16).unwrap();
    second.commit(1024).unwrap();
    let third = manager.reserve(512, 16).unwrap();
    assert_eq!(third.address(), address + 16);
    third.commit(512).unwrap();
    let stats = manager.stats();
    assert_eq!(stats.used, 16 + 1024 + 512);
    assert_eq!(stats.chunks, 1);
    assert_eq!(stats.wasted, 0);
}

#[test]
fn kinds_take_what_they_need() {
    let arena = LoaderArena::new(4 << 20).unwrap();
    let dynamic = manager(&arena, CodeManagerKind::Dynamic);
    dynamic.reserve(100, 16).unwrap().commit(100).unwrap();
    assert_eq!(dynamic.stats().reserved, 128);
    let domain = manager(&arena, CodeManagerKind::Domain);
    domain.reserve(100, 16).unwrap().commit(100).unwrap();
    assert_eq!(domain.stats().reserved, CodeManager::CHUNK);
    domain
        .reserve(100_000, 16)
        .unwrap()
        .commit(100_000)
        .unwrap();
    assert_eq!(domain.stats().chunks, 2);
    let shared = 64 << 10;
    assert_eq!(arena.stats().code, shared + domain.stats().reserved);
    let large = manager(&arena, CodeManagerKind::Dynamic);
    large.reserve(20_000, 16).unwrap().commit(20_000).unwrap();
    let aligned = manager(&arena, CodeManagerKind::Dynamic);
    let block = aligned.reserve(100, 4096).unwrap();
    assert!(block.address().is_multiple_of(4096));
    block.commit(100).unwrap();
    assert_eq!(
        arena.stats().code,
        shared + domain.stats().reserved + 5 * 4096 + 4096
    );
}

#[test]
fn dynamic_methods_share_pages_and_are_freed_alone() {
    let arena = LoaderArena::new(4 << 20).unwrap();
    let one = |value: u32| {
        let manager = manager(&arena, CodeManagerKind::Dynamic);
        let code = manager
            .install(&[constant(value), vec![0x90; 300]].concat(), 16)
            .unwrap();
        (manager, code, value)
    };
    let mut methods: Vec<_> = (0..1000).map(one).collect();
    assert!(arena.stats().code <= 1000 * 320 + (64 << 10));
    // Every second one goes, and its bytes become traps; the others run on.
    let mut index = 0;
    let mut freed = Vec::new();
    methods.retain(|(_, code, _)| {
        index += 1;
        if index % 2 == 0 {
            freed.push(*code);
        }
        index % 2 != 0
    });
    for (_, code, value) in &methods {
        assert_eq!(call(*code), *value);
    }
    // SAFETY: nobody writes there; the pages are still in use by the neighbours.
    assert!(freed.iter().all(|code| unsafe { *code.as_ptr() } == 0xcc));
    let code = arena.stats().code;
    methods.extend((1000..1500).map(one));
    assert_eq!(arena.stats().code, code);
    for (_, code, value) in &methods {
        assert_eq!(call(*code), *value);
    }
    methods.clear();
    // One empty run of pages is kept for the next method.
    assert_eq!(arena.stats().code, 64 << 10);
}

#[test]
fn thunks_lie_in_the_chunk_of_their_code() {
    let arena = LoaderArena::new(4 << 20).unwrap();
    let options = CodeManagerOptions {
        thunk_divisor: NonZeroUsize::new(4),
        ..CodeManagerOptions::default()
    };
    let manager = CodeManager::new(&arena, CodeManagerKind::Domain, options).unwrap();
    let code = manager.install(&constant(7), 16).unwrap();
    let block = manager.reserve_thunk(code.address, 12, 4).unwrap();
    let thunk = block.address();
    assert_eq!(thunk - code.address, CodeManager::CHUNK * 3 / 4);
    block.commit(12).unwrap();
    let mut thunks = 1;
    while let Ok(block) = manager.reserve_thunk(code.address, 12, 4) {
        block.commit(12).unwrap();
        thunks += 1;
    }
    assert_eq!(thunks, CodeManager::CHUNK / 4 / 12);
    assert!(matches!(
        manager.reserve_thunk(code.address, 12, 4),
        Err(Error::ThunksFull { bytes: 12, .. })
    ));
    // A request over three quarters of a chunk still has its share beside it.
    let large = manager.reserve(CodeManager::CHUNK, 16).unwrap();
    let near = large.address();
    large.commit(CodeManager::CHUNK).unwrap();
    manager
        .reserve_thunk(near, 4096, 4)
        .unwrap()
        .commit(4096)
        .unwrap();
    let stats = manager.stats();
    assert_eq!(stats.thunks, 12 * thunks + 4096);
    assert_eq!(stats.used, 6 + CodeManager::CHUNK);
}

#[test]
fn freed_chunks_are_used_again() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let mut address = None;
    for round in 0..100 {
        let manager = manager(&arena, CodeManagerKind::Domain);
        let code = manager.install(&constant(round), 16).unwrap();
        assert_eq!(*address.get_or_insert(code.address), code.address);
        assert_eq!(call(code), round);
    }
    let stats = arena.stats();
    assert_eq!((stats.code, stats.leaked, stats.free_runs), (0, 0, 1));
}

#[test]
fn threads_compile_into_shared_and_own_managers() {
    const THREADS: u32 = 4;
    let arena = LoaderArena::new(64 << 20).unwrap();
    let shared = manager(&arena, CodeManagerKind::Global);
    let start = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (arena, shared, start) = (&arena, &shared, &start);
            scope.spawn(move || {
                start.wait();
                let mut code = Vec::new();
                for round in 0..500 {
                    let value = thread << 16 | round;
                    let mut block = shared.reserve(200 + round as usize, 16).unwrap();
                    block.write(&constant(value)).unwrap();
                    code.push((block.commit(6 + round as usize % 90).unwrap(), value));
                    if round % 10 == 0 {
                        let own = manager(arena, CodeManagerKind::Dynamic);
                        assert_eq!(call(own.install(&constant(!value), 16).unwrap()), !value);
                    }
                }
                for (code, value) in code {
                    assert_eq!(call(code), value);
                }
            });
        }
    });
    let expected: usize = (0..500).map(|round| 6 + round % 90).sum::<usize>() * THREADS as usize;
    let stats = shared.stats();
    assert_eq!((stats.used, stats.pending), (expected, 0));
    // How much is wasted depends on how the threads interleave (a tail comes back only if nobody
    // reserved behind it), so only the account is exact.
    assert_eq!(
        stats.used + stats.thunks + stats.pending + stats.free + stats.wasted,
        stats.reserved,
        "{stats:?}"
    );
    drop(shared);
    // What is left is the empty run of pages that dynamic methods share.
    assert_eq!(arena.stats().code, 64 << 10);
}
