//! What the operating system sees. One test only: other threads would change the mappings.

use std::alloc::Layout;

use ferrocil_codeman::{
    CodeManager, CodeManagerKind, CodeManagerOptions, DataHeap, HeapKind, LoaderArena,
};

struct Mapping {
    start: usize,
    end: usize,
    rights: String,
    name: String,
}

fn mappings() -> Vec<Mapping> {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    text.lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            let (start, end) = words.next().unwrap().split_once('-').unwrap();
            Mapping {
                start: usize::from_str_radix(start, 16).unwrap(),
                end: usize::from_str_radix(end, 16).unwrap(),
                rights: words.next().unwrap().to_owned(),
                name: words.nth(3).unwrap_or_default().to_owned(),
            }
        })
        .collect()
}

fn rights_at(address: usize) -> String {
    mappings()
        .into_iter()
        .find(|mapping| (mapping.start..mapping.end).contains(&address))
        .map(|mapping| mapping.rights)
        .unwrap_or_default()
}

fn ours() -> usize {
    mappings()
        .iter()
        .filter(|mapping| mapping.name.contains("ferrocil-loader-arena"))
        .count()
}

/// Bytes of the memory file that are backed by memory.
fn committed_kib(arena: &LoaderArena) -> usize {
    let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    let mut total = 0;
    for line in text.lines() {
        if let Some((start, _)) = line.split_once('-')
            && let Ok(start) = usize::from_str_radix(start, 16)
        {
            inside = arena.contains(start);
        } else if inside && let Some(rest) = line.strip_prefix("Pss:") {
            total += rest
                .trim()
                .trim_end_matches(" kB")
                .parse::<usize>()
                .unwrap();
        }
    }
    total
}

#[test]
fn no_page_is_writable_and_executable_and_everything_returns() {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = mappings().len();
    assert_eq!(ours(), 0);
    {
        let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE).unwrap();
        assert_eq!(ours(), 2);
        assert_eq!(committed_kib(&arena), 0);
        let vtables = DataHeap::new(&arena, HeapKind::HighFrequency);
        let mut managers = Vec::new();
        for _ in 0..40 {
            let manager = CodeManager::new(
                &arena,
                CodeManagerKind::Domain,
                CodeManagerOptions::default(),
            )
            .unwrap();
            let code = manager.install(&[0xc3; 40_000], 16).unwrap();
            assert_eq!(rights_at(code.address), "r-xs");
            let alias = arena.writable_alias(code.address).unwrap();
            assert_eq!(rights_at(alias.as_ptr().addr()), "rw-s");
            // Reads code through the primary view, so that its pages count as present there.
            // SAFETY: the range was committed and its manager lives.
            let bytes = unsafe { std::slice::from_raw_parts(code.as_ptr(), code.len) };
            assert!(bytes.iter().all(|byte| *byte == 0xc3));
            managers.push(manager);
            let data = vtables
                .alloc(Layout::from_size_align(1000, 8).unwrap())
                .unwrap();
            // SAFETY: the heap gave 1000 bytes.
            unsafe { data.write_bytes(1, 1000) };
            assert_eq!(rights_at(data.as_ptr().addr()), "rw-s");
        }
        assert!(
            mappings()
                .iter()
                .all(|mapping| !(mapping.rights.contains('w') && mapping.rights.contains('x')))
        );
        // Closed page, code, closed, data; and the writable view.
        assert_eq!(ours(), 5);
        assert!(committed_kib(&arena) >= 40 * 40 / 2);
        let address = managers[0].reserve(1, 1).unwrap().address();
        managers.clear();
        drop(vtables);
        assert_eq!(rights_at(address), "---s");
        assert_eq!(committed_kib(&arena), 0);
        assert_eq!(ours(), 2);
    }
    assert_eq!(ours(), 0);
    assert_eq!(mappings().len(), before);
    assert_eq!(std::fs::read_dir("/proc/self/fd").unwrap().count(), files);
}
