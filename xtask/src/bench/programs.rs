//! The benchmark programs, under `benches/programs`.

use clap::ValueEnum;

/// Programs that are measured and reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// What programs compute: `benches/programs`.
    Speed,
    /// Allocation, collection, peak memory and pauses: `benches/programs/memory`.
    Memory,
}

impl Group {
    /// The programs of the group, in the order of the report.
    pub fn programs(self) -> &'static [Program] {
        match self {
            Group::Speed => SPEED,
            Group::Memory => MEMORY,
        }
    }
}

/// One program.
#[derive(Debug)]
pub struct Program {
    /// File name without extension, perhaps with a [`Caches`] ending. Programs of the memory group
    /// have their folder in front.
    pub name: &'static str,
    /// What it spends its time on.
    pub what: &'static str,
    /// Its argument for a full measurement (empty: none).
    pub full: &'static str,
    /// Its argument with `--quick`.
    pub quick: &'static str,
}

/// What compiled code ferrocil finds when a program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caches {
    /// The class library's, made by `ferrocil precompile`, and what an earlier run of the program
    /// compiled.
    Warm,
    /// The class library's only: a first run. Ending `-cold`.
    Cold,
    /// Nothing: everything is compiled. The other runtimes keep their class library's code. Ending
    /// `-uncached`.
    Uncached,
    /// Nothing, and the other runtimes compile everything too. Ending `-jit`.
    Nobody,
}

const ENDINGS: [(&str, Caches); 3] = [
    ("-cold", Caches::Cold),
    ("-uncached", Caches::Uncached),
    ("-jit", Caches::Nobody),
];

impl Program {
    /// File name without extension.
    pub fn source(&self) -> &'static str {
        let stripped = |(ending, _)| self.name.strip_suffix(ending);
        ENDINGS.into_iter().find_map(stripped).unwrap_or(self.name)
    }

    /// The name without a folder, as reports show it.
    pub fn title(&self) -> &'static str {
        self.name
            .rsplit_once('/')
            .map_or(self.name, |(_, name)| name)
    }

    /// What compiled code it finds.
    pub fn caches(&self) -> Caches {
        let named = ENDINGS
            .into_iter()
            .find(|(ending, _)| self.name.ends_with(ending));
        named.map_or(Caches::Warm, |(_, caches)| caches)
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

const MEMORY: &[Program] = &[
    program("binarytrees", "short-lived trees, depth 16", "16", "12"),
    program("binarytrees", "short-lived trees, depth 18", "18", "14"),
    program(
        "memory/gcbench",
        "trees from both ends beside a lasting one",
        "18",
        "12",
    ),
    program(
        "memory/fifo",
        "linked queue, 300,000 live",
        "6000000",
        "600000",
    ),
    program(
        "memory/loh",
        "large arrays, every page written",
        "6000",
        "600",
    ),
    program(
        "memory/twothreads",
        "two threads allocate",
        "200000",
        "20000",
    ),
    program(
        "memory/cache",
        "Dictionary cache, 200,000 entries",
        "1200000",
        "300000",
    ),
    program(
        "memory/weak",
        "weak references and finalizers",
        "600000",
        "60000",
    ),
    program("memory/pinned", "pinned handles", "400000", "40000"),
    program(
        "memory/structs",
        "arrays of structs with references",
        "400",
        "40",
    ),
    program("memory/intern", "string interning", "700000", "70000"),
    program(
        "memory/pauses",
        "pauses, 100 MB live",
        "100 100000",
        "100 10000",
    ),
    program(
        "memory/pauses",
        "pauses, 256 MB live",
        "256 100000",
        "256 10000",
    ),
    program(
        "memory/alloc32",
        "three-word objects that die at once",
        "100000000",
        "10000000",
    ),
];

const SPEED: &[Program] = &[
    program("hello", "start and stop", "", ""),
    program(
        "hello-cold",
        "a first run: only the class library is compiled ahead, as Mono's is",
        "",
        "",
    ),
    program(
        "hello-uncached",
        "everything compiled at start (Mono's and CoreCLR's class library still is compiled ahead)",
        "",
        "",
    ),
    program(
        "hello-jit",
        "everything compiled at start by all (`mono -O=-aot`, `COMPlus_ReadyToRun=0`)",
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
