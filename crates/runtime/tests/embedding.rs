//! The embedding API on real assemblies, compiled by `mcs` (see `cargo xtask setup`).

mod support;

use ferrocil::{Error, Runtime};
use support::compile;

const CALC: &str = r#"
using System;
public class Calc {
    public static int Add(int a, int b) { return a + b; }
    public static double Half(double x) { return x / 2; }
    public static string Greet(string name) { return "hello " + name; }
    public static long Sum(long a, int b, short c, byte d) { return a + b + c + d; }
    public static bool Not(bool b) { return !b; }
    public static void Fail(string why) { throw new InvalidOperationException(why); }
    static int counter;
    public static int Count() { return ++counter; }
    public static int Allocate(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += new byte[100].Length; return sum; }
}
namespace Deep { public class Thrower { public static int Outer(int n) { return Inner(n) + 1; } [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)] static int Inner(int n) { return 10 / n; } } }
"#;

#[test]
fn typed_methods() -> Result<(), Error> {
    let file = compile("typed_methods", CALC);
    let runtime = Runtime::builder().heap_limit(64 << 20).build()?;
    let calc = runtime.default_domain().load_file(&file)?;
    assert_eq!(
        calc.method::<(i32, i32), i32>("Calc", "Add")?
            .call((2, 3))?,
        5
    );
    assert_eq!(
        calc.method::<(f64,), f64>("Calc", "Half")?.call((5.0,))?,
        2.5
    );
    assert_eq!(
        calc.method::<(&str,), String>("Calc", "Greet")?
            .call(("wörld",))?,
        "hello wörld"
    );
    assert_eq!(
        calc.method::<(i64, i32, i16, u8), i64>("Calc", "Sum")?
            .call((1 << 40, -2, -3, 255))?,
        (1 << 40) + 250
    );
    assert!(!calc.method::<(bool,), bool>("Calc", "Not")?.call((true,))?);
    Ok(())
}

#[test]
fn wrong_types_and_names_are_errors() -> Result<(), Error> {
    let file = compile("wrong_types", CALC);
    let runtime = Runtime::builder().build()?;
    let calc = runtime.default_domain().load_file(&file)?;
    let wrong = calc
        .method::<(i32,), i32>("Calc", "Add")
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "method Calc.Add takes (System.Int32, System.Int32 -> System.Int32), the host asked for (System.Int32 -> System.Int32)"
    );
    assert!(matches!(
        calc.method::<(), ()>("Calc", "Nothing").map(|_| ()),
        Err(Error::Load(_))
    ));
    assert!(matches!(
        calc.method::<(), ()>("No.Such", "Nothing").map(|_| ()),
        Err(Error::Load(_))
    ));
    let bad = runtime
        .default_domain()
        .load_bytes(b"MZ not an image", "bad.dll")
        .map(|_| ())
        .unwrap_err();
    assert!(bad.to_string().contains("bad.dll"), "{bad}");
    Ok(())
}

#[test]
fn managed_exceptions_are_errors() -> Result<(), Error> {
    let file = compile("exceptions", CALC);
    let runtime = Runtime::builder().build()?;
    let calc = runtime.default_domain().load_file(&file)?;
    let fail = calc.method::<(&str,), ()>("Calc", "Fail")?;
    for _ in 0..3 {
        match fail.call(("no reason",)) {
            Err(Error::Exception(e)) => {
                assert_eq!(e.type_name, "System.InvalidOperationException");
                assert_eq!(e.message, "no reason");
                assert_eq!(e.frames, ["Calc:Fail (string)"]);
            }
            other => panic!("{other:?}"),
        }
    }
    let outer = calc.method::<(i32,), i32>("Deep.Thrower", "Outer")?;
    match outer.call((0,)) {
        Err(Error::Exception(e)) => {
            assert_eq!(e.type_name, "System.DivideByZeroException");
            assert_eq!(
                e.frames,
                ["Deep.Thrower:Inner (int)", "Deep.Thrower:Outer (int)"]
            );
        }
        other => panic!("{other:?}"),
    }
    // The runtime goes on.
    assert_eq!(outer.call((5,))?, 3);
    Ok(())
}

#[test]
fn runtimes_are_apart_and_can_be_used_from_any_thread() -> Result<(), Error> {
    let file = compile("apart", CALC);
    let (a, b) = (
        Runtime::builder().build()?,
        Runtime::builder().heap_limit(32 << 20).build()?,
    );
    let count_a = a
        .default_domain()
        .load_file(&file)?
        .method::<(), i32>("Calc", "Count")?;
    let count_b = b
        .default_domain()
        .load_file(&file)?
        .method::<(), i32>("Calc", "Count")?;
    assert_eq!(
        (count_a.call(())?, count_a.call(())?, count_b.call(())?),
        (1, 2, 1)
    );
    let alloc = b
        .default_domain()
        .load_file(&file)?
        .method::<(i32,), i32>("Calc", "Allocate")?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // More than the limit in all: collections happen while others allocate.
                assert_eq!(alloc.call((200_000,)).unwrap(), 20_000_000);
                count_a.call(()).unwrap();
            });
        }
    });
    assert_eq!(count_a.call(())?, 7);
    assert!(b.heap_use().collections > 0);
    Ok(())
}

#[test]
fn domains_have_their_own_statics() -> Result<(), Error> {
    let file = compile("domains", CALC);
    let runtime = Runtime::builder().build()?;
    let (a, b) = (runtime.create_domain("a")?, runtime.create_domain("b")?);
    assert_eq!((a.name(), b.name()), ("a", "b"));
    let count_a = a.load_file(&file)?.method::<(), i32>("Calc", "Count")?;
    let count_b = b.load_file(&file)?.method::<(), i32>("Calc", "Count")?;
    assert_eq!(
        (count_a.call(())?, count_a.call(())?, count_b.call(())?),
        (1, 2, 1)
    );
    let greet = b
        .load_file(&file)?
        .method::<(&str,), String>("Calc", "Greet")?;
    assert_eq!(greet.call(("b",))?, "hello b");
    Ok(())
}
