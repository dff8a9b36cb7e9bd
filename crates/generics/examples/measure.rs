//! What the operations cost. Run with `cargo run --release -p ferrocil-generics --example measure`.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::RwLock;
use std::thread;
use std::time::Instant;

use ferrocil_generics::{
    Context, Error, ImageId, ImageInfo, MethodDef, SigReader, TypeDef, TypeId, Universe, Variables,
};
use ferrocil_metadata::{Image, TableId, Token};

const ROUNDS: u32 = 200;
const ROWS: u32 = 2000;

struct World {
    universe: Universe,
    corlib: ImageId,
    app: ImageId,
}

impl World {
    fn new() -> Result<Self, Error> {
        let universe = Universe::new();
        let info = ImageInfo {
            type_defs: 3000,
            method_defs: 25_000,
            pool_size: 8192,
        };
        let corlib = universe.add_image(info)?;
        universe.set_corlib(corlib)?;
        let app = universe.add_image(info)?;
        Ok(Self {
            universe,
            corlib,
            app,
        })
    }

    fn row(&self, image: ImageId, rid: u32) -> TypeDef {
        TypeDef { image, rid }
    }
}

/// Nanoseconds of one call of `f`, which is called with 1 to `ROWS` again and again; best of five.
fn time(mut f: impl FnMut(u32)) -> f64 {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                for rid in 1..=ROWS {
                    f(rid);
                }
            }
            start.elapsed().as_nanos() as f64 / f64::from(ROUNDS * ROWS)
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let w = World::new()?;
    let u = &w.universe;
    let list = w.row(w.corlib, 1);
    let map = w.row(w.corlib, 2);
    let defs: Vec<TypeId> = (0..=ROWS).map(|rid| u.def(w.row(w.app, rid + 1))).collect();

    let start = Instant::now();
    let lists = defs
        .iter()
        .map(|&def| u.inst(list, &[def]))
        .collect::<Result<Vec<TypeId>, Error>>()?;
    println!(
        "make List<App.T>              {:7.1} ns",
        start.elapsed().as_nanos() as f64 / f64::from(ROWS)
    );
    let before = u.stats();
    let start = Instant::now();
    for &def in &defs {
        black_box(u.inst(map, &[def, TypeId::STRING])?);
    }
    println!(
        "make Map<App.T, string>       {:7.1} ns",
        start.elapsed().as_nanos() as f64 / f64::from(ROWS)
    );
    let after = u.stats();
    let bytes = (after.pool_bytes + after.table_bytes) - (before.pool_bytes + before.table_bytes);
    println!(
        "  memory of each              {:7.1} bytes with its argument list",
        bytes as f64 / f64::from(ROWS)
    );

    let print = |what: &str, ns: f64| println!("{what:30}{ns:7.1} ns");
    print(
        "ty(id)",
        time(|rid| _ = black_box(u.ty(lists[rid as usize]))),
    );
    print(
        "def(row)",
        time(|rid| _ = black_box(u.def(w.row(w.app, rid)))),
    );
    print(
        "sz_array(t)",
        time(|rid| _ = black_box(u.sz_array(defs[rid as usize]))),
    );
    print(
        "inst, 1 argument",
        time(|rid| _ = black_box(u.inst(list, &[defs[rid as usize]]))),
    );
    print(
        "inst, 2 arguments",
        time(|rid| _ = black_box(u.inst(map, &[defs[rid as usize], TypeId::STRING]))),
    );
    let plain = u.def(w.row(w.app, 1));
    print(
        "method, not generic",
        time(|rid| _ = black_box(u.method(plain, MethodDef { image: w.app, rid }, &[]))),
    );
    print(
        "method of List<App.T>",
        time(|rid| {
            _ = black_box(u.method(
                lists[rid as usize],
                MethodDef {
                    image: w.corlib,
                    rid: 7,
                },
                &[],
            ))
        }),
    );
    print(
        "generic method, 1 argument",
        time(|rid| {
            _ = black_box(u.method(
                plain,
                MethodDef {
                    image: w.app,
                    rid: 7,
                },
                &[defs[rid as usize]],
            ));
        }),
    );
    // Map<T, List<T>[]>, closed over each App.T.
    let t = u.var(list, 0);
    let open = u.inst(map, &[t, u.sz_array(u.inst(list, &[t])?)?])?;
    let contexts = defs
        .iter()
        .map(|&def| u.inst_of(&[def]).map(Context::class))
        .collect::<Result<Vec<Context>, Error>>()?;
    print(
        "inflate, 4 parts",
        time(|rid| _ = black_box(u.inflate(open, contexts[rid as usize]))),
    );
    print(
        "inflate, closed type",
        time(|rid| _ = black_box(u.inflate(lists[rid as usize], contexts[0]))),
    );

    let hit = || time(|rid| _ = black_box(u.inst(map, &[defs[rid as usize], TypeId::STRING])));
    let both: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(hit)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    print(
        "inst, 2 threads at once",
        both.iter().copied().fold(0.0, f64::max),
    );

    // What a plain map behind a lock would cost.
    let mut map_of = HashMap::new();
    for &def in &defs {
        map_of.insert(
            (map, vec![def, TypeId::STRING].into_boxed_slice()),
            u.inst(map, &[def, TypeId::STRING])?,
        );
    }
    let locked = RwLock::new(map_of);
    let look_up = |rid: u32| {
        let key = (
            map,
            vec![defs[rid as usize], TypeId::STRING].into_boxed_slice(),
        );
        locked.read().map(|map| map.get(&key).copied())
    };
    print(
        "the same, RwLock<HashMap>",
        time(|rid| _ = black_box(look_up(rid).is_ok())),
    );
    let both: Vec<f64> = thread::scope(|scope| {
        let hit = || time(|rid| _ = black_box(look_up(rid).is_ok()));
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(hit)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    print(
        "  2 threads at once",
        both.iter().copied().fold(0.0, f64::max),
    );
    if let Ok(bytes) = std::fs::read("/usr/lib/mono/4.5/mscorlib.dll") {
        let start = Instant::now();
        let (signatures, types) = read_methods(&bytes)?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!("mscorlib: {signatures} method signatures into {types} types in {ms:.1} ms");
    }
    println!("{:#?}", u.stats());
    Ok(())
}

/// Reads every method signature of an image into a new universe.
fn read_methods(bytes: &[u8]) -> Result<(u32, usize), Box<dyn std::error::Error>> {
    let file = Image::parse(bytes)?;
    let universe = Universe::new();
    let info = ImageInfo {
        type_defs: file.row_count(TableId::TypeDef),
        method_defs: file.row_count(TableId::MethodDef),
        pool_size: 8192,
    };
    let image = universe.add_image(info)?;
    universe.set_corlib(image)?;
    let mut signatures = 0;
    for rid in 1..=info.type_defs {
        let class = Some(TypeDef { image, rid });
        for rid in file.type_methods(rid) {
            let variables = Variables::Of {
                class,
                method: Some(MethodDef { image, rid }),
            };
            let resolve = |token: Token| match token.table() {
                Some(TableId::TypeDef) => universe
                    .try_def(TypeDef {
                        image,
                        rid: token.rid(),
                    })
                    .map_err(|error| error.to_string()),
                _ => Err(format!("no type {token:?}")),
            };
            let resolve = |token| resolve(token).map_err(Box::<dyn std::error::Error>::from);
            SigReader::new(&universe, variables, resolve)
                .method(file.blob(file.method_def(rid)?.signature)?)?;
            signatures += 1;
        }
    }
    Ok((signatures, universe.stats().types))
}
