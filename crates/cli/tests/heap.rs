//! `ferrocil heap` on a real program, compiled by `mcs` (see `cargo xtask setup`).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SOURCE: &str = r#"
using System;
class Kept { public int[] Data = new int[100]; }
class Generic<T> { public T Value; }
class Program {
    static Kept[] kept = new Kept[5000];
    static byte[] large = new byte[1000000];
    static object generic = new Generic<string>();
    static void Main(string[] args) {
        for (int i = 0; i < kept.Length; i++) kept[i] = new Kept();
        for (int i = 0; i < 4; i++) GC.Collect();
        if (args.Length == 0) return;
        Console.WriteLine("ready");
        Console.ReadLine();
        if (args[0] == "exit") Environment.Exit(3);
    }
}
"#;

/// Compiles the program into a folder of its own.
fn program(name: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("target's temporary folder is writable");
    let (source, exe) = (folder.join("p.cs"), folder.join("p.exe"));
    fs::write(&source, SOURCE).expect("the source is written");
    let output = Command::new("mcs")
        .args(["-nologo", "-warn:0"])
        .arg(format!("-out:{}", exe.display()))
        .arg(&source)
        .output()
        .expect("mcs is installed: run `cargo xtask setup`");
    assert!(output.status.success(), "{output:?}");
    (exe, folder.join("heap.html"))
}

fn start(exe: &Path, page: &Path, options: &[&str], args: &[&str]) -> Child {
    let _ = fs::remove_file(page);
    Command::new(env!("CARGO_BIN_EXE_ferrocil"))
        .args(["heap", "-o"])
        .arg(page)
        .args(options)
        .arg(exe)
        .args(args)
        .env("FERROCIL_CODE_CACHE", "off")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ferrocil starts")
}

/// The row of a type: bytes, objects, old bytes, old objects.
fn row(page: &str, name: &str) -> Vec<u64> {
    let start = format!("<td class=\"name\">{name}</td>");
    let line = page.lines().find(|line| line.contains(&start));
    let line = line.unwrap_or_else(|| panic!("{name} is not in the table"));
    let cells = line.split("<td>").skip(1);
    cells
        .map(|cell| {
            let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
            digits.parse().expect("a number")
        })
        .collect()
}

#[test]
fn the_page_counts_objects_by_type_and_shows_each_picture() {
    let (exe, file) = program("heap_page");
    let output = start(&exe, &file, &["--every", "2", "--collect"], &[])
        .wait_with_output()
        .expect("it ends");
    assert!(output.status.success(), "{output:?}");
    let page = fs::read_to_string(&file).expect("the page is written");
    assert_eq!(row(&page, "Kept")[1], 5000);
    assert_eq!(row(&page, "Kept")[1], row(&page, "Kept")[3], "all are old");
    let numbers = row(&page, "System.Int32[]");
    assert!(
        numbers[1] >= 5000 && numbers[0] >= 5000 * 412,
        "{numbers:?}"
    );
    assert!(row(&page, "System.Byte[]")[0] >= 1_000_000);
    assert_eq!(row(&page, "Generic`1[System.String]")[1], 1);
    assert!(page.contains("at the end,"));
    assert!(page.contains("gen2 requested"), "pauses are listed");
    assert!(!page.contains("://"), "nothing comes from the network");
}

#[test]
fn a_signal_draws_the_running_program() {
    let (exe, file) = program("heap_signal");
    let mut child = start(&exe, &file, &[], &["exit"]);
    let mut ready = [0; 6];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout
        .read_exact(&mut ready)
        .expect("it says that it is ready");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-USR1", &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let begin = Instant::now();
    let drawn = |what: &str| fs::read_to_string(&file).is_ok_and(|page| page.contains(what));
    while !drawn("on SIGUSR1,") {
        assert!(begin.elapsed() < Duration::from_secs(60), "no picture");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Its input ends, and so does the program, by Environment.Exit.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(drawn("at the end,") && drawn("on SIGUSR1,"));
}
