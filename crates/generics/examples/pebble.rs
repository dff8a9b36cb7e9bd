//! A type checker for another language, on the same universe.
//!
//! Pebble has modules of generic types and functions, functions as values, and no CLI in sight:
//!
//! ```text
//! type List<A>
//! fn map<A, B>(fn(A) -> B, List<A>) -> List<B>
//! let lengths = map(length, words)
//! ```
//!
//! The universe supplies type equality, generic instances, inflation of a called function's result, and the unloading
//! of a module with everything that mentions it. Pebble adds a parser, names, and matching of arguments to parameters.
//! Run with `cargo run -p ferrocil-generics --example pebble`.

use std::collections::HashMap;
use std::iter::Peekable;
use std::vec::IntoIter;

use ferrocil_generics::{
    Context, DefName, FnSig, ImageId, ImageInfo, MethodDef, NameSource, NameStyle, Type, TypeDef,
    TypeId, TypeNamer, Universe,
};

const BASE: &str = "
    type List<A>
    type Pair<A, B>
    fn single<A>(A) -> List<A>
    fn map<A, B>(fn(A) -> B, List<A>) -> List<B>
    fn zip<A, B>(List<A>, List<B>) -> List<Pair<A, B>>
    fn compose<A, B, C>(fn(A) -> B, fn(B) -> C) -> fn(A) -> C
    fn length(text) -> int
    fn even(int) -> bool
";

const PLUGIN: &str = "
    type Stone
    fn pick(int) -> Stone
    let words = single('granite')
    let stones = map(pick, map(length, words))
    let pairs = zip(words, stones)
    let test = compose(length, even)
    let tests = map(test, words)
";

const WRONG: &str = "let x = map(even, single('slate'))";

/// A name's type: open over the function's own variables when it is generic.
#[derive(Clone, Copy)]
struct Value {
    ty: TypeId,
    variables: usize,
}

#[derive(Default)]
struct Names {
    types: HashMap<TypeDef, String>,
    parameters: HashMap<(MethodDef, u16), String>,
}

impl NameSource for Names {
    fn type_def(&self, def: TypeDef) -> DefName<'_> {
        DefName {
            namespace: "",
            name: self.types.get(&def).map_or("?", String::as_str),
            enclosing: None,
        }
    }

    fn method_def(&self, _: MethodDef) -> &str {
        "?"
    }

    fn method_parameter(&self, owner: MethodDef, index: u16) -> Option<&str> {
        self.parameters.get(&(owner, index)).map(String::as_str)
    }
}

struct Checker<'u> {
    universe: &'u Universe,
    names: Names,
    types: HashMap<String, (TypeDef, usize)>,
    values: HashMap<String, Value>,
}

/// One module while it is read.
struct Module<'c, 'u> {
    checker: &'c mut Checker<'u>,
    image: ImageId,
    tokens: Peekable<IntoIter<String>>,
    rows: u32,
    /// The variables of the function that is being declared.
    variables: Vec<String>,
    lets: Vec<String>,
}

type Checked<T> = Result<T, String>;

fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len())
        } else if first == '\'' {
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("->") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..len].to_owned());
        rest = rest[len..].trim_start();
    }
    tokens
}

impl<'u> Checker<'u> {
    fn new(universe: &'u Universe) -> Self {
        Self {
            universe,
            names: Names::default(),
            types: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Checks a module's text and says what its `let`s are.
    fn check(&mut self, image: ImageId, text: &str) -> Checked<Vec<String>> {
        let tokens = tokens(text).into_iter().peekable();
        let mut module = Module {
            checker: self,
            image,
            tokens,
            rows: 0,
            variables: Vec::new(),
            lets: Vec::new(),
        };
        module.items()?;
        Ok(module.lets)
    }

    fn show(&self, ty: TypeId) -> String {
        TypeNamer::new(self.universe, &self.names)
            .ty(ty, NameStyle::Message)
            .to_string()
    }

    /// The result of calling `callee` with `args`: its variables are found by matching, then put into its result.
    fn call(&self, callee: Value, args: &[TypeId]) -> Checked<TypeId> {
        let Type::FnPtr(sig) = self.universe.ty(callee.ty) else {
            return Err(format!("{} is not a function", self.show(callee.ty)));
        };
        if sig.params.len() != args.len() {
            return Err(format!(
                "{} arguments instead of {}",
                args.len(),
                sig.params.len()
            ));
        }
        let mut found = vec![None; callee.variables];
        for (&param, &arg) in sig.params.iter().zip(args) {
            self.solve(param, arg, &mut found).ok_or_else(|| {
                format!("{} where {} is expected", self.show(arg), self.show(param))
            })?;
        }
        let found: Option<Vec<TypeId>> = found.into_iter().collect();
        let found = found.ok_or("an argument does not determine the result's type")?;
        let inflate = || {
            let context = Context::method(self.universe.inst_of(&found)?);
            self.universe.inflate(sig.ret, context)
        };
        inflate().map_err(|error| error.to_string())
    }

    /// Finds what the variables of `open` must be for it to become `closed`.
    fn solve(&self, open: TypeId, closed: TypeId, found: &mut [Option<TypeId>]) -> Option<()> {
        if open == closed {
            return Some(());
        }
        let u = self.universe;
        match (u.ty(open), u.ty(closed)) {
            (Type::MVar { index, .. }, _) => {
                let known = found.get_mut(usize::from(index))?.get_or_insert(closed);
                (*known == closed).then_some(())
            }
            (
                Type::Inst { def: a, args: open },
                Type::Inst {
                    def: b,
                    args: closed,
                },
            ) if a == b => {
                let (open, closed) = (u.args(open), u.args(closed));
                open.iter()
                    .zip(closed)
                    .try_for_each(|(&open, &closed)| self.solve(open, closed, found))
            }
            (Type::FnPtr(a), Type::FnPtr(b)) if a.params.len() == b.params.len() => {
                self.solve(a.ret, b.ret, found)?;
                a.params
                    .iter()
                    .zip(b.params)
                    .try_for_each(|(&open, &closed)| self.solve(open, closed, found))
            }
            _ => None,
        }
    }
}

impl Module<'_, '_> {
    fn items(&mut self) -> Checked<()> {
        while let Some(item) = self.tokens.next() {
            self.rows += 1;
            let name = self.word()?;
            match item.as_str() {
                "type" => {
                    let def = TypeDef {
                        image: self.image,
                        rid: self.rows,
                    };
                    let arity = self.parameters()?.len();
                    self.checker.names.types.insert(def, name.clone());
                    self.checker.types.insert(name, (def, arity));
                }
                "fn" => {
                    self.variables = self.parameters()?;
                    let owner = MethodDef {
                        image: self.image,
                        rid: self.rows,
                    };
                    for (index, variable) in (0u16..).zip(&self.variables) {
                        self.checker
                            .names
                            .parameters
                            .insert((owner, index), variable.clone());
                    }
                    let ty = self.function()?;
                    self.checker.values.insert(
                        name,
                        Value {
                            ty,
                            variables: self.variables.len(),
                        },
                    );
                }
                "let" => {
                    self.expect("=")?;
                    let value = self.expression()?;
                    self.lets
                        .push(format!("{name}: {}", self.checker.show(value.ty)));
                    self.checker.values.insert(name, value);
                }
                other => return Err(format!("'{other}' starts no item")),
            }
        }
        Ok(())
    }

    fn word(&mut self) -> Checked<String> {
        self.tokens
            .next()
            .filter(|word| word.chars().all(char::is_alphanumeric))
            .ok_or("a name is missing".to_owned())
    }

    fn accept(&mut self, token: &str) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn expect(&mut self, token: &str) -> Checked<()> {
        if self.accept(token) {
            Ok(())
        } else {
            Err(format!(
                "'{token}' is missing before {:?}",
                self.tokens.peek()
            ))
        }
    }

    fn list<T>(
        &mut self,
        close: &str,
        mut one: impl FnMut(&mut Self) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let mut all = Vec::new();
        while !self.accept(close) {
            if !all.is_empty() {
                self.expect(",")?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn parameters(&mut self) -> Checked<Vec<String>> {
        if self.accept("<") {
            self.list(">", Self::word)
        } else {
            Ok(Vec::new())
        }
    }

    /// `(A, B) -> C`
    fn function(&mut self) -> Checked<TypeId> {
        self.expect("(")?;
        let params = self.list(")", Self::ty)?;
        self.expect("->")?;
        let sig = FnSig {
            convention: 0,
            ret: self.ty()?,
            params: &params,
            sentinel: None,
        };
        self.checker
            .universe
            .fn_ptr(&sig)
            .map_err(|error| error.to_string())
    }

    fn ty(&mut self) -> Checked<TypeId> {
        let name = self.word()?;
        match name.as_str() {
            "int" => return Ok(TypeId::I8),
            "text" => return Ok(TypeId::STRING),
            "bool" => return Ok(TypeId::BOOLEAN),
            "fn" => return self.function(),
            _ => {}
        }
        let u = self.checker.universe;
        if let Some(index) = self.variables.iter().position(|variable| *variable == name) {
            let index = u16::try_from(index).map_err(|_| "too many variables")?;
            return Ok(u.mvar(
                MethodDef {
                    image: self.image,
                    rid: self.rows,
                },
                index,
            ));
        }
        let &(def, arity) = self
            .checker
            .types
            .get(&name)
            .ok_or(format!("no type '{name}'"))?;
        let args = if self.accept("<") {
            self.list(">", Self::ty)?
        } else {
            Vec::new()
        };
        if args.len() != arity {
            return Err(format!("'{name}' takes {arity} types, not {}", args.len()));
        }
        u.inst(def, &args).map_err(|error| error.to_string())
    }

    fn expression(&mut self) -> Checked<Value> {
        let token = self.tokens.next().ok_or("an expression is missing")?;
        let mut value = match token.as_bytes() {
            [b'\'', ..] => Value {
                ty: TypeId::STRING,
                variables: 0,
            },
            [b'0'..=b'9', ..] => Value {
                ty: TypeId::I8,
                variables: 0,
            },
            _ => *self
                .checker
                .values
                .get(&token)
                .ok_or(format!("no value '{token}'"))?,
        };
        while self.accept("(") {
            let args = self.list(")", Self::closed)?;
            value = Value {
                ty: self.checker.call(value, &args)?,
                variables: 0,
            };
        }
        Ok(value)
    }

    fn closed(&mut self) -> Checked<TypeId> {
        let value = self.expression()?;
        if value.variables == 0 {
            Ok(value.ty)
        } else {
            Err(format!(
                "the generic function {} cannot be an argument",
                self.checker.show(value.ty)
            ))
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut universe = Universe::new();
    let base = universe.add_image(ImageInfo::default())?;
    let plugin = universe.add_image(ImageInfo::default())?;
    let wrong = universe.add_image(ImageInfo::default())?;

    let mut checker = Checker::new(&universe);
    checker.check(base, BASE)?;
    let before = universe.stats();
    let lets = checker.check(plugin, PLUGIN)?;
    for line in &lets {
        println!("{line}");
    }
    assert_eq!(
        lets,
        [
            "words: List<string>",
            "stones: List<Stone>",
            "pairs: List<Pair<string, Stone>>",
            "test: bool(string)",
            "tests: List<bool>"
        ]
    );
    let error = checker
        .check(wrong, WRONG)
        .err()
        .ok_or("the wrong program was accepted")?;
    println!("error: {error}");
    assert_eq!(error, "List<string> where List<A> is expected");

    // The plugin goes, and List<Stone> with it; List<string> belongs to the base and stays.
    drop(checker);
    let used = universe.stats();
    let report = universe.unload_images_exclusive(&[plugin, wrong])?;
    let after = universe.stats();
    println!(
        "{} types before the plugin, {} with it, {} after it",
        before.types, used.types, after.types
    );
    println!(
        "{} types in {} image sets went",
        report.types.len(),
        report.sets.len()
    );
    assert_eq!(used.types - report.types.len(), after.types);
    Ok(())
}
