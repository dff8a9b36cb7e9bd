//! The benchmark programs, under `benches/programs`.

/// One program.
#[derive(Debug)]
pub struct Program {
    /// File name without extension; with [`COLD`] behind it, runs without the code cache.
    pub name: &'static str,
    /// What it spends its time on.
    pub what: &'static str,
    /// Its argument for a full measurement (empty: none).
    pub full: &'static str,
    /// Its argument with `--quick`.
    pub quick: &'static str,
}

/// Ending of the names of programs that run without ferrocil's code cache.
const COLD: &str = "-cold";

impl Program {
    /// File name without extension.
    pub fn source(&self) -> &'static str {
        self.name.strip_suffix(COLD).unwrap_or(self.name)
    }

    /// Whether it runs without the code cache.
    pub fn is_cold(&self) -> bool {
        self.name.ends_with(COLD)
    }
}

const fn program(
    name: &'static str,
    what: &'static str,
    full: &'static str,
    quick: &'static str,
) -> Program {
    Program {
        name,
        what,
        full,
        quick,
    }
}

/// All programs, in the order of the report.
pub const PROGRAMS: &[Program] = &[
    program("hello", "start and stop", "", ""),
    program(
        "hello-cold",
        "the same without ferrocil's code cache",
        "",
        "",
    ),
    program(
        "nbody",
        "floating point on object fields",
        "3000000",
        "200000",
    ),
    program("spectralnorm", "divisions and array sums", "1500", "300"),
    program(
        "fannkuch",
        "small int arrays, bounds checks, branches",
        "10",
        "8",
    ),
    program("mandelbrot", "floating point in registers", "1800", "400"),
    program("matmul", "double[][] and int[,]", "400", "120"),
    program("richards", "virtual calls, linked objects", "300", "20"),
    program(
        "json",
        "strings, StringBuilder, dictionaries, boxes",
        "120",
        "10",
    ),
    program("binarytrees", "allocation and collection", "17", "13"),
    program("collections", "Dictionary, List, HashSet, Sort", "80", "5"),
    program(
        "casts",
        "type tests, casts, covariant stores",
        "4000000",
        "200000",
    ),
    program(
        "delegates",
        "delegates, closures, events, interface calls",
        "1500000",
        "100000",
    ),
    program(
        "exceptions",
        "throw, catch, finally, filters, traps",
        "8000",
        "500",
    ),
];
