//! Compiles every method of an assembly that is not generic, without running any:
//! finds what the compiler cannot do, and how fast it is.
//!
//! `cargo run --release -p ferrocil --example compile_all -- /usr/lib/mono/4.5/mscorlib.dll`

use std::collections::BTreeMap;
use std::time::Instant;

use ferrocil::Runtime;
use ferrocil_generics::TypeDef;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: compile_all FILE [NAME PART]")?;
    let part = std::env::args().nth(2).unwrap_or_default();
    let runtime = Runtime::builder().build()?;
    let vm = runtime.vm();
    let attached = vm.attach(vm.root_domain()).ok_or("already attached")?;
    let image = vm.load_image(path.as_ref())?;
    let types = image.image().row_count(ferrocil_metadata::TableId::TypeDef);
    let (mut done, mut failed) = (0u32, BTreeMap::<String, (u32, String)>::new());
    let started = Instant::now();
    for rid in 1..=types {
        let Ok(class) = vm.class(vm.type_of_def(TypeDef {
            image: image.id,
            rid,
        })) else {
            continue;
        };
        if class.open {
            continue;
        }
        for &method in vm.methods(class)? {
            if method.generic_definition
                || method.is_abstract()
                || method.is_internal_call()
                || method.is_pinvoke()
                || method.is_runtime()
            {
                continue;
            }
            let name = vm.method_name(method);
            if !name.contains(&part) {
                continue;
            }
            if !part.is_empty() {
                eprintln!("{name}");
            }
            match attached.precompile(method) {
                Ok(()) => done += 1,
                Err(e) => {
                    let key = e.message.replace(&name, "M");
                    let entry = failed.entry(key).or_insert((0, name));
                    entry.0 += 1;
                }
            }
        }
    }
    let time = started.elapsed();
    for (message, (count, first)) in &failed {
        println!("{count:>6}  {message}   first: {first}");
    }
    let stats = runtime.stats();
    println!(
        "{done} methods compiled in {time:.2?}, {} kinds of failure; {:?}",
        failed.len(),
        stats.assemblies
    );
    Ok(())
}
