//! Unloading gives everything back. Bytes are counted by the allocator itself, not by the crate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ferrocil_generics::{Error, ImageId, ImageInfo, MethodDef, TypeDef, TypeId, Universe};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: forwards to the system's allocator; the counter is a thread-local number without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get() + layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn def(image: ImageId, rid: u32) -> TypeDef {
    TypeDef { image, rid }
}

/// Fills a plugin's types, also together with the class library's and the host's.
fn use_plugin(u: &Universe, corlib: ImageId, host: ImageId, plugin: ImageId) -> Vec<TypeId> {
    let mut built = Vec::new();
    for rid in 1..200 {
        let own = u.def(def(plugin, rid));
        let list = u.inst(def(corlib, 3), &[own]).unwrap();
        let mixed = u
            .inst(def(corlib, 4), &[u.def(def(host, rid)), list])
            .unwrap();
        let array = u.sz_array(mixed).unwrap();
        let generic = u
            .inst(
                def(plugin, rid),
                &[TypeId::STRING, u.var(def(plugin, rid), 0)],
            )
            .unwrap();
        u.method(mixed, MethodDef { image: corlib, rid }, &[array, own])
            .unwrap();
        u.method(own, MethodDef { image: plugin, rid }, &[])
            .unwrap();
        u.fn_ptr(&ferrocil_generics::FnSig {
            convention: 0,
            ret: array,
            params: &[own, list],
            sentinel: None,
        })
        .unwrap();
        built.extend([own, list, mixed, array, generic]);
    }
    built
}

/// Types of the host and the class library only, which must survive.
fn use_host(u: &Universe, corlib: ImageId, host: ImageId) -> Vec<TypeId> {
    (1..200)
        .flat_map(|rid| {
            let own = u.def(def(host, rid));
            let list = u.inst(def(corlib, 3), &[own]).unwrap();
            [
                own,
                list,
                u.sz_array(list).unwrap(),
                u.inst(def(corlib, 4), &[TypeId::I4, list]).unwrap(),
            ]
        })
        .collect()
}

const INFO: ImageInfo = ImageInfo {
    type_defs: 300,
    method_defs: 300,
    pool_size: 0,
};

#[test]
fn everything_of_an_unloaded_image_goes_and_nothing_else() {
    let mut u = Universe::new();
    let [corlib, host] = [(); 2].map(|()| u.add_image(INFO).unwrap());
    u.set_corlib(corlib).unwrap();
    let kept = use_host(&u, corlib, host);
    let before = u.stats();
    let plugin = u.add_image(INFO).unwrap();
    let built = use_plugin(&u, corlib, host, plugin);
    let full = u.stats();
    let doomed = u.sets_with(&[plugin]);
    assert_eq!(
        doomed.len(),
        3,
        "plugin; plugin + corlib; plugin + corlib + host"
    );

    let report = u.unload_images_exclusive(&[plugin, plugin]).unwrap();
    assert_eq!((&report.images, report.sets.len()), (&vec![plugin], 3));
    let after = u.stats();
    assert_eq!(
        (after.types, after.insts, after.methods),
        (before.types, before.insts, before.methods)
    );
    assert_eq!(
        (after.pool_bytes, after.table_bytes),
        (before.pool_bytes, before.table_bytes)
    );
    assert_eq!(report.pool_bytes, full.pool_bytes - before.pool_bytes);
    assert_eq!(report.table_bytes, full.table_bytes - before.table_bytes);
    assert_eq!(report.types.len(), full.types - before.types);
    for ty in built {
        assert_eq!(u.try_ty(ty), Err(Error::VacantType(ty)));
        assert_eq!(u.sz_array(ty), Err(Error::VacantType(ty)));
        assert!(report.types.contains(&ty));
    }
    assert_eq!(u.try_def(def(plugin, 1)), Err(Error::VacantImage(plugin)));
    assert_eq!(
        use_host(&u, corlib, host),
        kept,
        "the others are still the same"
    );
    assert_eq!(
        u.unload_images_exclusive(&[corlib]),
        Err(Error::CorlibUnload)
    );
    assert_eq!(
        u.unload_images_exclusive(&[plugin]),
        Err(Error::VacantImage(plugin))
    );
}

#[test]
#[should_panic(expected = "is vacant: its image set was unloaded")]
fn a_stale_id_panics_with_what_it_is() {
    let mut u = Universe::new();
    let image = u.add_image(INFO).unwrap();
    let ty = u.def(def(image, 1));
    u.unload_images_exclusive(&[image]).unwrap();
    u.ty(ty);
}

#[test]
fn loading_and_unloading_for_ever_needs_no_more_memory() {
    let mut u = Universe::new();
    let [corlib, host] = [(); 2].map(|()| u.add_image(INFO).unwrap());
    u.set_corlib(corlib).unwrap();
    use_host(&u, corlib, host);
    let mut cycle = |rounds: usize| {
        for _ in 0..rounds {
            let plugin = u.add_image(INFO).unwrap();
            use_plugin(&u, corlib, host, plugin);
            u.unload_images_exclusive(&[plugin]).unwrap();
        }
        LIVE.get() - u.stats().index_bytes as isize
    };
    let first = cycle(2);
    // Beside the id index, which is bounded by its quarantine, nothing grows.
    assert_eq!(cycle(60) - first, 0);
}

#[test]
fn dropping_a_universe_returns_every_byte() {
    let before = LIVE.get();
    {
        let u = Universe::new();
        let [corlib, host, plugin] = [(); 3].map(|()| u.add_image(INFO).unwrap());
        u.set_corlib(corlib).unwrap();
        use_host(&u, corlib, host);
        use_plugin(&u, corlib, host, plugin);
        assert!(LIVE.get() - before > 100_000);
    }
    assert_eq!(LIVE.get(), before);
}

#[test]
fn corlib_is_named_before_types_are_built() {
    let u = Universe::new();
    let a = u.add_image(INFO).unwrap();
    u.sz_array(TypeId::I4).unwrap();
    assert_eq!(u.set_corlib(a), Err(Error::CorlibTooLate));
    let u = Universe::new();
    let [a, b] = [(); 2].map(|()| u.add_image(INFO).unwrap());
    u.set_corlib(a).unwrap();
    assert_eq!(u.set_corlib(b), Err(Error::CorlibTooLate));
    assert_eq!(u.corlib(), Some(a));
}

#[test]
fn other_images_are_used_while_one_is_unloaded() {
    let u = Universe::new();
    let [corlib, host] = [(); 2].map(|()| u.add_image(INFO).unwrap());
    u.set_corlib(corlib).unwrap();
    let expected = use_host(&u, corlib, host);
    let (u, expected, done) = (&u, &expected, &AtomicBool::new(false));
    thread::scope(|scope| {
        // One thread looks up what exists, one makes new types, this one loads and unloads plugins.
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(use_host(u, corlib, host), *expected);
            }
        });
        scope.spawn(move || {
            for rid in 300.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let own = u.def(def(host, rid));
                let map = u
                    .inst(def(corlib, 4), &[own, u.sz_array(own).unwrap()])
                    .unwrap();
                assert_eq!(u.definition(map), Some(def(corlib, 4)));
                u.method(map, MethodDef { image: corlib, rid }, &[own])
                    .unwrap();
            }
        });
        for _ in 0..40 {
            let plugin = u.add_image(INFO).unwrap();
            use_plugin(u, corlib, host, plugin);
            // SAFETY: the other threads do not know the plugin's image, and this one keeps no reference.
            let report = unsafe { u.unload_images(&[plugin]) }.unwrap();
            assert_eq!(report.sets.len(), 3);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(
        u.image_sets().count(),
        4,
        "root, corlib, host, corlib + host"
    );
}
