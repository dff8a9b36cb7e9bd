//! The code cache through the embedding API: second starts, damaged files, changed libraries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ferrocil::{Error, Runtime, StatsReport};

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("code_cache")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("target's temporary folder is writable");
    folder
}

/// Compiles a library into a folder.
fn library(folder: &Path, name: &str, source: &str, references: &[&Path]) -> PathBuf {
    let (cs, dll) = (
        folder.join(format!("{name}.cs")),
        folder.join(format!("{name}.dll")),
    );
    fs::write(&cs, source).expect("the source is written");
    let mut mcs = Command::new("mcs");
    mcs.args(["-target:library", "-nologo"])
        .arg(format!("-out:{}", dll.display()));
    for reference in references {
        mcs.arg(format!("-r:{}", reference.display()));
    }
    let output = mcs
        .arg(&cs)
        .output()
        .expect("mcs is installed: run `cargo xtask setup`");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mcs: {messages}");
    dll
}

const WORK: &str = r#"
using System;
using System.Collections.Generic;
public struct Pair { public string Key; public long Value; }
public class Work {
    static readonly Dictionary<string, Pair> pairs = new Dictionary<string, Pair>();
    delegate string Show(Pair p);
    static string Text(Pair p) { return p.Key + "=" + p.Value; }
    static int Divide(int a, int b) { try { return a / b; } catch (DivideByZeroException) { return -1; } finally { a = 0; } }
    static bool Filtered(object o) {
        try { ((string)o).Trim(); return false; }
        catch (InvalidCastException e) when (e.Message.Length > 0) { return true; }
    }
    public static string Run(int n) {
        for (int i = 0; i < n; i++) pairs["k" + i] = new Pair { Key = "k" + i, Value = i * 1000L };
        var list = new List<Pair>(pairs.Values);
        list.Sort((a, b) => -a.Value.CompareTo(b.Value));
        Show show = Text;
        IEnumerable<Pair> all = list;
        string text = "";
        foreach (var p in all) text += show(p) + ";";
        int[,] grid = new int[2, 2];
        grid[1, 1] = Divide(7, 2);
        return text + grid[1, 1] + Divide(1, 0) + Filtered(new int[1]) + typeof(Pair).Name;
    }
}
"#;
const EXPECTED: &str = "k2=2000;k1=1000;k0=0;3-1TruePair";

/// Calls `Work.Run(3)` in a new runtime with this cache.
fn run(cache: &Path, file: &Path) -> Result<(String, StatsReport), Error> {
    let runtime = Runtime::builder().code_cache(cache).build()?;
    let assembly = runtime.default_domain().load_file(file)?;
    let method = assembly.method::<(i32,), String>("Work", "Run")?;
    let text = method.call((3,))?;
    Ok((text, runtime.stats()))
}

fn compiled(stats: &StatsReport) -> u64 {
    stats.assemblies.iter().map(|a| a.1.methods).sum()
}

fn files(cache: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(cache)
        .expect("the cache's folder exists")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ilcode"))
        .collect();
    files.sort();
    files
}

#[test]
fn the_second_start_compiles_nothing() -> Result<(), Error> {
    let folder = folder("second_start");
    let (file, cache) = (library(&folder, "work", WORK, &[]), folder.join("cache"));
    let (text, first) = run(&cache, &file)?;
    assert_eq!(text, EXPECTED);
    assert!(compiled(&first) > 50);
    let (text, second) = run(&cache, &file)?;
    assert_eq!(text, EXPECTED);
    assert_eq!(compiled(&second), 0, "{second:?}");
    let hits = second.code_cache.expect("there is a cache").hits;
    assert!(hits >= compiled(&first));
    let mode = fs::metadata(&cache).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    Ok(())
}

#[test]
fn damaged_files_cost_time_only() -> Result<(), Error> {
    let folder = folder("damaged");
    let (file, cache) = (library(&folder, "work", WORK, &[]), folder.join("cache"));
    run(&cache, &file)?;
    let whole: Vec<(PathBuf, Vec<u8>)> = files(&cache)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("readable")))
        .collect();
    assert!(whole.len() >= 3, "corlib, the library, stubs");
    for round in 0..24usize {
        for (path, bytes) in &whole {
            let mut bytes = bytes.clone();
            if round % 4 == 3 {
                bytes.truncate(bytes.len() * round / 24);
            } else {
                let step = bytes.len() / 20 + 1;
                for i in (round * 7..bytes.len()).step_by(step) {
                    bytes[i] ^= 1 << (round % 8);
                }
            }
            fs::write(path, bytes).expect("writable");
        }
        let (text, stats) = run(&cache, &file)?;
        assert_eq!(text, EXPECTED);
        assert!(compiled(&stats) > 0);
        // What was missing is whole again.
        let (text, stats) = run(&cache, &file)?;
        assert_eq!((text.as_str(), compiled(&stats)), (EXPECTED, 0));
    }
    Ok(())
}

#[test]
fn files_that_others_can_write_are_not_used() -> Result<(), Error> {
    let folder = folder("foreign");
    let (file, cache) = (library(&folder, "work", WORK, &[]), folder.join("cache"));
    run(&cache, &file)?;
    for path in files(&cache) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("ours");
    }
    let (text, stats) = run(&cache, &file)?;
    assert_eq!(text, EXPECTED);
    assert!(compiled(&stats) > 0);

    let open = folder.join("open");
    fs::create_dir(&open).expect("writable");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("ours");
    let runtime = Runtime::builder().code_cache(&open).build()?;
    let error = runtime
        .save_code_cache()
        .expect_err("anybody can write there");
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("other users"), "{error}");
    Ok(())
}

#[test]
fn a_changed_library_is_noticed() -> Result<(), Error> {
    let folder = folder("changed");
    let cache = folder.join("cache");
    let call = |file: &Path| -> Result<(i32, u64), Error> {
        let runtime = Runtime::builder().code_cache(&cache).build()?;
        let user = runtime.default_domain().load_file(file)?;
        let value = user.method::<(), i32>("User", "Read")?.call(())?;
        Ok((value, compiled(&runtime.stats())))
    };
    let base = library(
        &folder,
        "parts",
        "public struct Part { public int A; public int B; } public class Base { public int X = 1; public virtual int Get() { return 5; } }",
        &[],
    );
    let user = library(
        &folder,
        "user",
        "public class Derived : Base { public int Y = 2; } public class User { public static int Read() { var p = new Part(); p.B = 40; var d = new Derived(); return p.B + d.Y + d.Get() * 100; } }",
        &[&base],
    );
    assert_eq!(call(&user)?.0, 542);
    assert_eq!(call(&user)?, (542, 0));
    // Other offsets, another slot; the same references.
    library(
        &folder,
        "parts",
        "public struct Part { public long Before; public int A; public int B; } public class Base { public long W; public int X = 1; public virtual int Other() { return 0; } public virtual int Get() { return 6; } }",
        &[],
    );
    let (value, again) = call(&user)?;
    assert_eq!(value, 642);
    assert!(again > 0);
    assert_eq!(call(&user)?, (642, 0));
    Ok(())
}

#[test]
fn initialisers_run_whatever_had_run_when_code_was_compiled() -> Result<(), Error> {
    const SOURCE: &str = r#"
public class Log { public static string Text = ""; }
public class Late { static Late() { Log.Text += "init "; } public static int X = 7; public static void Touch() { } }
public class Reader {
    public static int Sum() { int s = 0; for (int i = 0; i < 3; i++) s += Late.X; return s; }
    public static string Direct() { Late.Touch(); return Sum() + " " + Log.Text; }
    public static string Indirect() { return Sum() + " " + Log.Text; }
}
"#;
    let folder = folder("initialisers");
    let (file, cache) = (library(&folder, "late", SOURCE, &[]), folder.join("cache"));
    let call = |method: &str| -> Result<String, Error> {
        let runtime = Runtime::builder().code_cache(&cache).build()?;
        let late = runtime.default_domain().load_file(&file)?;
        late.method::<(), String>("Reader", method)?.call(())
    };
    // `Sum` is compiled when the initialiser has run, and loaded where it has not.
    assert_eq!(call("Direct")?, "21 init ");
    assert_eq!(call("Indirect")?, "21 init ");
    assert_eq!(call("Direct")?, "21 init ");
    assert_eq!(call("Indirect")?, "21 init ");
    Ok(())
}

#[test]
fn runtimes_share_a_folder() {
    let folder = folder("shared");
    let (file, cache) = (library(&folder, "work", WORK, &[]), folder.join("cache"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let (text, _) = run(&cache, &file).expect("it runs");
                    assert_eq!(text, EXPECTED);
                }
            });
        }
    });
    let left: Vec<_> = fs::read_dir(&cache)
        .expect("made")
        .filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.starts_with("new-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A server that is killed one day leaves what it compiled.
#[test]
fn new_code_is_written_while_the_runtime_runs() -> Result<(), Error> {
    let folder = folder("background");
    let (file, cache) = (library(&folder, "work", WORK, &[]), folder.join("cache"));
    let runtime = Runtime::builder()
        .code_cache(&cache)
        .tier_up_calls(2)
        .build()?;
    let work = runtime.default_domain().load_file(&file)?;
    let method = work.method::<(i32,), String>("Work", "Run")?;
    // Methods become hot, so that there is a compiler thread.
    for _ in 0..8 {
        assert_eq!(method.call((3,))?, EXPECTED);
    }
    let waited = std::time::Instant::now();
    while !cache.exists() || files(&cache).len() < 3 {
        assert!(waited.elapsed().as_secs() < 60, "it is never written");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (text, second) = run(&cache, &file)?;
    assert_eq!((text.as_str(), compiled(&second)), (EXPECTED, 0));
    Ok(())
}

#[test]
fn code_compiled_ahead_takes_nothing_for_granted() -> Result<(), Error> {
    const SOURCE: &str = r#"
using System.Collections.Generic;
public class Log { public static string Text = "log:"; }
public class Late { static Late() { Log.Text += "init "; } public static int X = 7; public static void Touch() { } }
public class Box<T> { public T Value; public virtual string Show(T other) { return Value + "/" + other; } }
public struct Pair { public int A; public int B; public override string ToString() { return A + "," + B; } }
public class Reader {
    static int Sum() { int s = 0; for (int i = 0; i < 3; i++) s += Late.X; return s; }
    static string Boxes() {
        var a = new Box<Pair> { Value = new Pair { A = 1, B = 2 } };
        var b = new Box<string> { Value = "s" };
        return a.Show(new Pair()) + " " + b.Show("t");
    }
    public static string Direct() { Late.Touch(); return Sum() + " " + Log.Text + Boxes(); }
    public static string Indirect() { return Sum() + " " + Log.Text + Boxes(); }
    public static int Often(int n) { int r = 0; for (int i = 0; i < n; i++) r += Once(i); return r; }
    static int Once(int i) { return i % 3 == 0 ? Sum() : new List<int> { i }.Count; }
}
"#;
    const EXPECTED: &str = "21 log:init 1,2/0,0 s/t";
    let folder = folder("ahead");
    let (file, ahead) = (library(&folder, "late", SOURCE, &[]), folder.join("ahead"));
    let compile = || -> Result<_, Error> {
        let compiler = Runtime::builder()
            .code_cache(&ahead)
            .precompiling(true)
            .build()?;
        compiler.precompile(&file)
    };
    let done = compile()?.expect("nobody did so before");
    assert!(done.methods > 15, "{done:?}");
    assert_eq!(compile()?, None);
    let times = || -> Vec<_> {
        let modified = |path: &PathBuf| fs::metadata(path).and_then(|m| m.modified()).ok();
        files(&ahead).iter().map(modified).collect()
    };
    let written = times();

    let own = |stats: &StatsReport| {
        let late = stats.assemblies.iter().find(|a| a.0 == "late");
        late.map(|a| a.1.methods)
    };
    for method in ["Direct", "Indirect"] {
        let runtime = Runtime::builder().precompiled(&ahead).build()?;
        let late = runtime.default_domain().load_file(&file)?;
        let text = late.method::<(), String>("Reader", method)?.call(())?;
        assert_eq!(text, EXPECTED);
        let stats = runtime.stats();
        assert_eq!(own(&stats), Some(0), "{stats:?}");
        assert!(stats.code_cache.expect("there is one").precompiled > 4);
    }

    // What is hot is compiled again, and that is kept in the user's own folder.
    let cache = folder.join("own");
    let runtime = Runtime::builder()
        .precompiled(&ahead)
        .code_cache(&cache)
        .tier_up_calls(10)
        .build()?;
    let late = runtime.default_domain().load_file(&file)?;
    let often = late.method::<(i32,), i32>("Reader", "Often")?;
    let waited = std::time::Instant::now();
    while own(&runtime.stats()) == Some(0) {
        assert_eq!(often.call((30,))?, 230);
        assert!(
            waited.elapsed().as_secs() < 60,
            "it is never compiled again"
        );
        std::thread::yield_now();
    }
    drop((often, late, runtime));
    assert!(!files(&cache).is_empty());
    assert_eq!(times(), written);
    Ok(())
}
