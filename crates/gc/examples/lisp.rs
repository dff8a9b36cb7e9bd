//! A small Lisp on the heap: another VM than the one the collector was made
//! for.
//!
//! `cargo run -p ferrocil-gc --example lisp [FILE] [--plan PLAN] [--gc-log] [--gc-stress N]
//! [--gc-verify]` runs a program; without a file, a demonstration. Plans: `generational` (the
//! default), `mark-region`, `mark-sweep`, `mark-sweep-steps`.
//!
//! What it shows: object shapes as data, a shadow stack of precise roots, a
//! weak table of symbols, a hard limit that the program survives, the write
//! barrier, a plan that is chosen when the program starts.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use ferrocil_gc::{
    CollectionRecord, Heap, HeapError, HeapOptions, MarkSweep, ObjectRef, ObjectShape, OutOfMemory,
    Plan, RootVisitor, ShapeKind, Tlab, VmBinding, WeakVisitor,
};

/// Tags in an object's header. Nil is the null reference.
const CONS: u64 = 1;
const INT: u64 = 2;
const SYMBOL: u64 = 3;
/// Parameters, body, environment.
const CLOSURE: u64 = 4;
const BUILTIN: u64 = 5;

type Value = Option<ObjectRef>;

fn word(object: ObjectRef, index: usize) -> u64 {
    // SAFETY: callers index words that the object's tag promises.
    unsafe { object.as_ptr::<u64>().add(index).read() }
}

fn tag(value: Value) -> u64 {
    value.map_or(0, |object| word(object, 0))
}

fn field(object: ObjectRef, index: usize) -> Value {
    ObjectRef::from_addr(word(object, 1 + index) as usize)
}

fn symbol_name(symbol: ObjectRef) -> String {
    let len = word(symbol, 1) as usize;
    // SAFETY: a symbol has `len` bytes after its length.
    let bytes = unsafe { std::slice::from_raw_parts(symbol.as_ptr::<u8>().wrapping_add(16), len) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the collector has to know of the Lisp.
#[derive(Default)]
struct Lisp {
    tlab: Tlab,
    stack: RefCell<Vec<Value>>,
    /// Interned symbols; weak.
    symbols: RefCell<Vec<Value>>,
    dropped_symbols: Cell<usize>,
    log: bool,
}

// SAFETY: the program has one thread.
unsafe impl Send for Lisp {}
// SAFETY: as above.
unsafe impl Sync for Lisp {}

// SAFETY: tags tell the truth, the shadow stack holds all roots, and there is no
// other thread to stop.
unsafe impl VmBinding for Lisp {
    unsafe fn shape(&self, object: ObjectRef) -> ObjectShape<'_> {
        let refs = |count: usize| ObjectShape {
            size: 8 + 8 * count,
            kind: ShapeKind::Bitmap {
                first: 8,
                bits: (1 << count) - 1,
            },
        };
        match word(object, 0) {
            CONS => refs(2),
            CLOSURE => refs(3),
            SYMBOL => ObjectShape {
                size: 16 + word(object, 1) as usize,
                kind: ShapeKind::NoRefs,
            },
            _ => ObjectShape {
                size: 16,
                kind: ShapeKind::NoRefs,
            },
        }
    }

    fn stop_mutators(&self) {}

    fn resume_mutators(&self) {}

    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab)) {
        visit(&self.tlab);
    }

    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
        for object in self.stack.borrow().iter().flatten() {
            roots.value(*object);
        }
    }

    fn process_weak(&self, weak: &WeakVisitor<'_>) {
        let mut symbols = self.symbols.borrow_mut();
        let before = symbols.len();
        symbols.retain(|symbol| symbol.is_some_and(|symbol| weak.is_live(symbol)));
        self.dropped_symbols
            .set(self.dropped_symbols.get() + before - symbols.len());
    }

    fn collection_finished(&self, record: &CollectionRecord) {
        if self.log {
            eprintln!("{record}");
        }
    }
}

/// Why a program stopped.
#[derive(Debug)]
enum Stop {
    Memory(OutOfMemory),
    Error(String),
}

impl From<OutOfMemory> for Stop {
    fn from(error: OutOfMemory) -> Stop {
        Stop::Memory(error)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stop::Memory(error) => error.fmt(f),
            Stop::Error(message) => f.write_str(message),
        }
    }
}

type Result<T = Value> = std::result::Result<T, Stop>;

fn error<T>(message: impl Into<String>) -> Result<T> {
    Err(Stop::Error(message.into()))
}

const BUILTINS: [&str; 9] = ["+", "-", "*", "<", "=", "cons", "car", "cdr", "symbols"];

struct Interpreter<P> {
    heap: P,
    /// Where on the shadow stack the global environment is: a list of
    /// (symbol . value).
    globals: usize,
}

impl<P: Plan<Binding = Lisp>> Interpreter<P> {
    fn new(options: HeapOptions, log: bool) -> std::result::Result<Interpreter<P>, HeapError> {
        let heap = P::create(
            options,
            Lisp {
                log,
                ..Lisp::default()
            },
        )?;
        let lisp = Interpreter { heap, globals: 0 };
        lisp.push(None);
        Ok(lisp)
    }

    fn define_builtins(&self) -> Result<()> {
        for (index, name) in BUILTINS.into_iter().enumerate() {
            let symbol = self.symbol(name)?;
            let base = self.push(symbol);
            let builtin = self.object(BUILTIN, 16)?;
            self.raw_set(builtin, 0, index as u64);
            self.define(symbol, Some(builtin))?;
            self.pop_to(base);
        }
        Ok(())
    }

    // ----- memory ----------------------------------------------------------

    /// Roots a value; returns where.
    fn push(&self, value: Value) -> usize {
        let mut stack = self.heap.binding().stack.borrow_mut();
        stack.push(value);
        stack.len() - 1
    }

    fn pop_to(&self, base: usize) {
        self.heap.binding().stack.borrow_mut().truncate(base);
    }

    fn rooted(&self, at: usize) -> Value {
        self.heap.binding().stack.borrow()[at]
    }

    fn set_root(&self, at: usize, value: Value) {
        self.heap.binding().stack.borrow_mut()[at] = value;
    }

    /// A new object with its tag. No other allocation may come before its
    /// fields are set and it is rooted.
    fn object(&self, tag: u64, size: usize) -> Result<ObjectRef> {
        let object = self.heap.alloc(&self.heap.binding().tlab, size)?;
        // SAFETY: a fresh object.
        unsafe { object.as_ptr::<u64>().write(tag) };
        Ok(object)
    }

    fn raw_set(&self, object: ObjectRef, index: usize, value: u64) {
        // SAFETY: callers index words that the object has.
        unsafe { object.as_ptr::<u64>().add(1 + index).write(value) };
    }

    fn set(&self, object: ObjectRef, index: usize, value: Value) {
        self.heap.write_barrier(object.addr() + 8 + 8 * index);
        self.raw_set(object, index, value.map_or(0, |value| value.addr() as u64));
    }

    fn cons(&self, car: Value, cdr: Value) -> Result {
        let base = self.push(car);
        self.push(cdr);
        let cell = self.object(CONS, 24)?;
        self.set(cell, 0, car);
        self.set(cell, 1, cdr);
        self.pop_to(base);
        Ok(Some(cell))
    }

    fn int(&self, value: i64) -> Result {
        let object = self.object(INT, 16)?;
        self.raw_set(object, 0, value as u64);
        Ok(Some(object))
    }

    fn symbol(&self, name: &str) -> Result {
        let known = self
            .heap
            .binding()
            .symbols
            .borrow()
            .iter()
            .copied()
            .flatten()
            .find(|symbol| symbol_name(*symbol) == name);
        if known.is_some() {
            return Ok(known);
        }
        let symbol = self.object(SYMBOL, 16 + name.len())?;
        self.raw_set(symbol, 0, name.len() as u64);
        // SAFETY: the symbol has that many bytes there.
        unsafe {
            symbol
                .as_ptr::<u8>()
                .add(16)
                .copy_from_nonoverlapping(name.as_ptr(), name.len());
        }
        self.heap.binding().symbols.borrow_mut().push(Some(symbol));
        Ok(Some(symbol))
    }

    // ----- reading and printing --------------------------------------------

    /// Reads one expression; the caller roots it.
    fn read(&self, tokens: &mut std::iter::Peekable<impl Iterator<Item = String>>) -> Result {
        let Some(token) = tokens.next() else {
            return error("the text ends in an expression");
        };
        match token.as_str() {
            ")" => error("a ) without a ("),
            "'" => {
                let base = self.push(None);
                let quoted = self.read(tokens)?;
                let list = self.cons(quoted, None)?;
                self.set_root(base, list);
                let quote = self.symbol("quote")?;
                let result = self.cons(quote, list);
                self.pop_to(base);
                result
            }
            "(" => {
                // Items are rooted on the stack until the list is made.
                let base = self.push(None);
                while tokens.peek().is_some_and(|token| token != ")") {
                    let item = self.read(tokens)?;
                    self.push(item);
                }
                if tokens.next().is_none() {
                    return error("a ( without a )");
                }
                let mut list = None;
                let items = self.heap.binding().stack.borrow().len();
                for at in (base + 1..items).rev() {
                    list = self.cons(self.rooted(at), list)?;
                    self.set_root(base, list);
                }
                self.pop_to(base);
                Ok(list)
            }
            "nil" => Ok(None),
            word => match word.parse() {
                Ok(number) => self.int(number),
                Err(_) => self.symbol(word),
            },
        }
    }

    fn show(&self, value: Value, out: &mut String) {
        let Some(object) = value else {
            out.push_str("nil");
            return;
        };
        match tag(value) {
            INT => drop(write!(out, "{}", word(object, 1) as i64)),
            SYMBOL => out.push_str(&symbol_name(object)),
            CONS => {
                out.push('(');
                let mut cell = object;
                loop {
                    self.show(field(cell, 0), out);
                    match field(cell, 1) {
                        None => break,
                        Some(next) if tag(Some(next)) == CONS => {
                            out.push(' ');
                            cell = next;
                        }
                        Some(last) => {
                            out.push_str(" . ");
                            self.show(Some(last), out);
                            break;
                        }
                    }
                }
                out.push(')');
            }
            _ => out.push_str("#<function>"),
        }
    }

    // ----- evaluation ------------------------------------------------------

    fn pair(&self, value: Value) -> Result<(Value, Value)> {
        match value {
            Some(cell) if tag(value) == CONS => Ok((field(cell, 0), field(cell, 1))),
            _ => {
                let mut text = String::new();
                self.show(value, &mut text);
                error(format!("a pair was expected, not {text}"))
            }
        }
    }

    fn define(&self, symbol: Value, value: Value) -> Result<()> {
        let mut rest = self.rooted(self.globals);
        while let Some(cell) = rest {
            if let Some(binding) = field(cell, 0)
                && field(binding, 0) == symbol
            {
                self.set(binding, 1, value);
                return Ok(());
            }
            rest = field(cell, 1);
        }
        let binding = self.cons(symbol, value)?;
        let globals = self.cons(binding, self.rooted(self.globals))?;
        self.set_root(self.globals, globals);
        Ok(())
    }

    fn look_up(&self, symbol: ObjectRef, environment: Value) -> Result {
        for list in [environment, self.rooted(self.globals)] {
            let mut rest = list;
            while let Some(cell) = rest {
                if let Some(binding) = field(cell, 0)
                    && field(binding, 0) == Some(symbol)
                {
                    return Ok(field(binding, 1));
                }
                rest = field(cell, 1);
            }
        }
        error(format!("{} is not defined", symbol_name(symbol)))
    }

    /// Evaluates a rooted expression in a rooted environment; the caller roots
    /// the result.
    fn eval(&self, expression: Value, environment: Value) -> Result {
        let base = self.push(expression);
        let environment_at = self.push(environment);
        let result = self.eval_rooted(base, environment_at);
        self.pop_to(base);
        result
    }

    /// Loops for tail calls: the two slots are replaced.
    fn eval_rooted(&self, expression_at: usize, environment_at: usize) -> Result {
        loop {
            let (expression, environment) =
                (self.rooted(expression_at), self.rooted(environment_at));
            let Some(object) = expression else {
                return Ok(None);
            };
            match tag(expression) {
                SYMBOL => return self.look_up(object, environment),
                CONS => {}
                _ => return Ok(expression),
            }
            let (head, arguments) = self.pair(expression)?;
            let special = match head {
                Some(symbol) if tag(head) == SYMBOL => symbol_name(symbol),
                _ => String::new(),
            };
            match special.as_str() {
                "quote" => return Ok(self.pair(arguments)?.0),
                "if" => {
                    let (condition, branches) = self.pair(arguments)?;
                    let (then, otherwise) = self.pair(branches)?;
                    let chosen = if self.eval(condition, environment)?.is_some() {
                        then
                    } else {
                        self.pair(otherwise)?.0
                    };
                    self.set_root(expression_at, chosen);
                    continue;
                }
                "define" => {
                    let (symbol, rest) = self.pair(arguments)?;
                    let value = self.eval(self.pair(rest)?.0, environment)?;
                    let base = self.push(value);
                    self.define(symbol, value)?;
                    self.pop_to(base);
                    return Ok(symbol);
                }
                "lambda" => {
                    let (parameters, rest) = self.pair(arguments)?;
                    let body = self.pair(rest)?.0;
                    let closure = self.object(CLOSURE, 32)?;
                    self.set(closure, 0, parameters);
                    self.set(closure, 1, body);
                    self.set(closure, 2, environment);
                    return Ok(Some(closure));
                }
                _ => {}
            }
            let base = self.push(None);
            let function = self.eval(head, environment)?;
            self.set_root(base, function);
            let Some(function) = function else {
                return error("nil is no function");
            };
            let mut rest = arguments;
            while rest.is_some() {
                let (argument, next) = self.pair(rest)?;
                let value = self.eval(argument, environment)?;
                self.push(value);
                rest = next;
            }
            if tag(Some(function)) == BUILTIN {
                let values: Vec<Value> = self.heap.binding().stack.borrow()[base + 1..].to_vec();
                let result = self.builtin(word(function, 1) as usize, &values);
                self.pop_to(base);
                return result;
            }
            if tag(Some(function)) != CLOSURE {
                return error("a function was expected");
            }
            // Bind the parameters on top of the closure's environment.
            let inner_at = self.push(field(function, 2));
            let mut parameters = field(function, 0);
            let mut at = base + 1;
            while let Some(cell) = parameters {
                if at == inner_at {
                    return error("too few arguments");
                }
                let binding = self.cons(field(cell, 0), self.rooted(at))?;
                let inner = self.cons(binding, self.rooted(inner_at))?;
                self.set_root(inner_at, inner);
                parameters = field(cell, 1);
                at += 1;
            }
            let inner = self.rooted(inner_at);
            self.set_root(expression_at, field(function, 1));
            self.set_root(environment_at, inner);
            self.pop_to(base);
        }
    }

    fn builtin(&self, index: usize, values: &[Value]) -> Result {
        let number = |at: usize| match values.get(at).copied().flatten() {
            Some(object) if tag(Some(object)) == INT => Ok(word(object, 1) as i64),
            _ => error(format!("{} wants numbers", BUILTINS[index])),
        };
        let truth = |yes: bool| if yes { self.int(1) } else { Ok(None) };
        match BUILTINS[index] {
            "+" => self.int(number(0)?.wrapping_add(number(1)?)),
            "-" => self.int(number(0)?.wrapping_sub(number(1)?)),
            "*" => self.int(number(0)?.wrapping_mul(number(1)?)),
            "<" => truth(number(0)? < number(1)?),
            "=" => truth(number(0)? == number(1)?),
            "cons" if values.len() == 2 => self.cons(values[0], values[1]),
            "car" if values.len() == 1 => Ok(self.pair(values[0])?.0),
            "cdr" if values.len() == 1 => Ok(self.pair(values[0])?.1),
            "symbols" => {
                let count = self.heap.binding().symbols.borrow().len();
                self.int(count as i64)
            }
            name => error(format!("{name} wants other arguments")),
        }
    }

    /// Runs a program; prints the value of each expression.
    fn run(&self, text: &str) -> Result<String> {
        let spaced = text
            .lines()
            .map(|line| line.split(';').next().unwrap_or(""))
            .collect::<Vec<_>>()
            .join(" ")
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('\'', " ' ");
        let mut tokens = spaced.split_whitespace().map(str::to_owned).peekable();
        let mut out = String::new();
        let base = self.heap.binding().stack.borrow().len();
        while tokens.peek().is_some() {
            let step = self
                .read(&mut tokens)
                .and_then(|expression| self.eval(expression, None));
            // An error leaves values behind.
            self.pop_to(base);
            self.show(step?, &mut out);
            out.push('\n');
        }
        Ok(out)
    }
}

const DEMONSTRATION: &str = "
(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))
(fib 20)
(define range (lambda (n tail) (if (= n 0) tail (range (- n 1) (cons n tail)))))
(define sum (lambda (list total) (if list (sum (cdr list) (+ total (car list))) total)))
(sum (range 100000 nil) 0)
(define map (lambda (f list) (if list (cons (f (car list)) (map f (cdr list))) nil)))
(define add (lambda (n) (lambda (m) (+ n m))))
(map (add 10) '(1 2 3 four-is-not-a-number))
";

/// What a run asks for.
struct Wanted {
    options: HeapOptions,
    log: bool,
    /// The text of a program, instead of the demonstration.
    program: Option<String>,
}

type Done = std::result::Result<(), Box<dyn std::error::Error>>;

/// Runs on a plan by its name.
fn run_on(plan: &str, wanted: Wanted) -> Done {
    let options = wanted.options;
    match plan {
        "generational" => {
            let options = HeapOptions {
                generational: true,
                ..options
            };
            run::<Heap<Lisp>>(Wanted { options, ..wanted })
        }
        "mark-region" => run::<Heap<Lisp>>(Wanted { options, ..wanted }),
        "mark-sweep" => run::<MarkSweep<Lisp>>(Wanted { options, ..wanted }),
        "mark-sweep-steps" => {
            let options = HeapOptions {
                step_bytes: Some(16 << 10),
                ..options
            };
            run::<MarkSweep<Lisp>>(Wanted { options, ..wanted })
        }
        _ => Err(format!("there is no plan {plan}").into()),
    }
}

fn main() -> Done {
    let mut wanted = Wanted {
        options: HeapOptions {
            max_young: 256 << 10,
            ..HeapOptions::new(16 << 20)
        },
        log: false,
        program: None,
    };
    let mut plan = "generational".to_owned();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--plan" => plan = args.next().ok_or("the plan is missing")?,
            "--gc-log" => wanted.log = true,
            "--gc-verify" => wanted.options.verify = true,
            "--gc-stress" => {
                wanted.options.stress = Some(args.next().ok_or("N is missing")?.parse()?);
            }
            file => wanted.program = Some(std::fs::read_to_string(file)?),
        }
    }
    run_on(&plan, wanted)
}

fn run<P: Plan<Binding = Lisp>>(wanted: Wanted) -> Done {
    let lisp = Interpreter::<P>::new(wanted.options, wanted.log)?;
    lisp.define_builtins().map_err(|stop| stop.to_string())?;
    if let Some(program) = wanted.program {
        print!("{}", lisp.run(&program).map_err(|stop| stop.to_string())?);
        return Ok(());
    }

    // The last line is an error of the program, not of the host.
    let result = lisp.run(DEMONSTRATION);
    assert!(matches!(&result, Err(Stop::Error(message)) if message == "+ wants numbers"));
    let result = lisp.run("(fib 15) (sum (range 20000 nil) 0) (map (add 10) '(1 2 3))");
    assert_eq!(result.ok().as_deref(), Some("610\n200010000\n(11 12 13)\n"));

    // A list that does not fit: the program fails, the heap does not.
    let result = lisp.run("(define forever (lambda (list) (forever (cons 1 list)))) (forever nil)");
    assert!(matches!(result, Err(Stop::Memory(_))));
    let result = lisp.run("(sum (range 1000 nil) 0)");
    assert_eq!(result.ok().as_deref(), Some("500500\n"));

    // Symbols that nobody uses are forgotten.
    assert!(
        lisp.run("'(some symbols that nobody will ever use again)")
            .is_ok()
    );
    lisp.heap.collect(2);
    let (symbols, dropped) = {
        let binding = lisp.heap.binding();
        (
            binding.symbols.borrow().len(),
            binding.dropped_symbols.get(),
        )
    };
    assert!(dropped >= 8);
    let stats = lisp.heap.stats();
    println!(
        "ran in {} MiB: {} young and {} full collections, longest pause {:.2} ms, {:.1} MB allocated; \
         {symbols} symbols left, {dropped} forgotten",
        stats.max_bytes >> 20,
        stats.collections[0] - stats.collections[2],
        stats.collections[2],
        stats.longest_pause.as_secs_f64() * 1e3,
        stats.allocated_bytes as f64 / 1e6,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{HeapOptions, Wanted, run_on};

    const PLANS: [&str; 4] = [
        "generational",
        "mark-region",
        "mark-sweep",
        "mark-sweep-steps",
    ];

    #[test]
    fn the_demonstration_runs_on_every_plan() {
        for plan in PLANS {
            let options = HeapOptions {
                max_young: 256 << 10,
                ..HeapOptions::new(16 << 20)
            };
            let wanted = Wanted {
                options,
                log: false,
                program: None,
            };
            run_on(plan, wanted).expect(plan);
        }
    }

    #[test]
    fn a_program_runs_on_every_plan_under_stress() {
        for plan in PLANS {
            let wanted = Wanted {
                options: HeapOptions {
                    verify: true,
                    stress: Some(23),
                    ..HeapOptions::new(2 << 20)
                },
                log: false,
                program: Some(
                    "(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))
                     (fib 12)"
                        .to_owned(),
                ),
            };
            run_on(plan, wanted).expect(plan);
        }
    }
}
