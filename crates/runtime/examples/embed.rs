//! Embeds .NET in a Rust program: loads an assembly, calls a typed method, catches a
//! managed exception.
//!
//! ```text
//! mcs -target:library -out:/tmp/plugin.dll plugin.cs
//! cargo run --release -p ferrocil --example embed -- /tmp/plugin.dll Calc Add 2 3
//! ```

use ferrocil::{Error, Runtime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, class, method, a, b] = args.as_slice() else {
        return Err(
            "usage: embed FILE CLASS METHOD A B  (a static method of two ints that gives an int)"
                .into(),
        );
    };
    let runtime = Runtime::builder().heap_limit(64 << 20).build()?;
    let assembly = runtime.default_domain().load_file(file)?;
    let function = assembly.method::<(i32, i32), i32>(class, method)?;
    match function.call((a.parse()?, b.parse()?)) {
        Ok(result) => println!("{class}.{method}({a}, {b}) = {result}"),
        Err(Error::Exception(e)) => println!(
            "{class}.{method}({a}, {b}) threw {e}\n  at {}",
            e.frames.join("\n  at ")
        ),
        Err(e) => return Err(e.into()),
    }
    Ok(())
}
