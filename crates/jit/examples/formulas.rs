//! A toy virtual machine on the compiler: a language of formulas with loops.
//!
//! It knows no assemblies and no classes. It translates its own programs to IL, answers the
//! few questions that integers raise, and runs the code from a code manager.
//!
//! `cargo run --release -p ferrocil-jit --example formulas`

use std::time::Instant;

use ferrocil_codeman::{CodeManager, CodeManagerKind, CodeManagerOptions, LoaderArena};
use ferrocil_jit::host::{
    AbiConfig, ArrayInfo, BoxKind, CallKind, CallSig, CallSite, CalliSig, CastStrategy,
    CompilerHost, DeferredError, FieldRef, Helper, HostResult, IlBody, LdToken, LocalType,
    MethodHandle, Repr, ResolveError, StringHandle, Symbol, This, TypeHandle, TypeLayout,
    WellKnownType,
};
use ferrocil_jit::{Compiler, CompilerOptions, MethodInput, RelocKind, StubInput, StubKind, Tier};
use ferrocil_metadata::Token;
use ferrocil_metadata::il::Opcode;

const LONG: TypeHandle = TypeHandle(1);

/// A statement or expression of the toy language. Variables are numbered; 0 is the argument.
enum Node {
    Number(i64),
    Get(u8),
    Add(Box<Node>, Box<Node>),
    Multiply(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Set(u8, Box<Node>),
    /// While the variable is greater than zero.
    While(u8, Vec<Node>),
}

/// Translates to IL.
fn translate(node: &Node, il: &mut Vec<u8>) {
    let mut binary = |a: &Node, b: &Node, op: Opcode| {
        translate(a, il);
        translate(b, il);
        il.push(op as u16 as u8);
    };
    match node {
        Node::Add(a, b) => binary(a, b, Opcode::Add),
        Node::Multiply(a, b) => binary(a, b, Opcode::Mul),
        Node::And(a, b) => binary(a, b, Opcode::And),
        Node::Number(n) => {
            il.push(Opcode::LdcI8 as u16 as u8);
            il.extend(n.to_le_bytes());
        }
        Node::Get(n) => il.extend([Opcode::LdlocS as u16 as u8, *n]),
        Node::Set(n, value) => {
            translate(value, il);
            il.extend([Opcode::StlocS as u16 as u8, *n]);
        }
        Node::While(n, body) => {
            // br test; body: …; test: ldloc n; ldc 0; bgt body
            il.push(Opcode::Br as u16 as u8);
            let patch = il.len();
            il.extend([0; 4]);
            let start = il.len();
            for node in body {
                translate(node, il);
            }
            let distance = (il.len() - patch - 4) as i32;
            il[patch..patch + 4].copy_from_slice(&distance.to_le_bytes());
            translate(&Node::Get(*n), il);
            translate(&Node::Number(0), il);
            il.push(Opcode::Bgt as u16 as u8);
            let back = start as i32 - (il.len() as i32 + 4);
            il.extend(back.to_le_bytes());
        }
    }
}

/// What compiled code sees of a thread.
#[repr(C)]
struct Thread {
    pending: u64,
    poll: u32,
}

/// Answers for a world with one type.
struct Host {
    variables: usize,
}

impl Host {
    fn none<T>() -> HostResult<T> {
        Err(ResolveError(DeferredError(0)))
    }
}

impl CompilerHost for Host {
    fn abi(&self) -> AbiConfig {
        AbiConfig {
            thread_pending: 0,
            thread_poll: 8,
            thread_tlab_cursor: 0,
            thread_tlab_limit: 0,
            thread_context: 0,
            imt_offset: 0,
            imt_slots: 1,
            element_test: None,
            object_header: 8,
            array_length: 8,
            vector_data: 16,
            string_length: 8,
            string_data: 12,
        }
    }
    fn layout(&self, ty: TypeHandle) -> HostResult<TypeLayout> {
        let (repr, size) = if ty == LONG {
            (Repr::I8, 8)
        } else {
            (Repr::Void, 0)
        };
        Ok(TypeLayout {
            repr,
            size,
            align: 8,
            has_refs: false,
        })
    }
    fn local_types(&self, _: MethodHandle, _: Token) -> HostResult<Vec<LocalType>> {
        Ok(vec![
            LocalType {
                ty: LONG,
                pinned: false
            };
            self.variables
        ])
    }
    fn box_kind(&self, _: TypeHandle) -> HostResult<BoxKind> {
        Ok(BoxKind::Value)
    }
    fn cast_strategy(&self, _: TypeHandle) -> HostResult<CastStrategy> {
        Ok(CastStrategy::Always)
    }
    fn vtable_offset(&self, _: TypeHandle) -> HostResult<u32> {
        Self::none()
    }
    fn vector_of(&self, _: TypeHandle) -> HostResult<TypeHandle> {
        Self::none()
    }
    fn array_shape(&self, _: TypeHandle) -> HostResult<ArrayInfo> {
        Self::none()
    }
    fn well_known(&self, _: WellKnownType) -> TypeHandle {
        LONG
    }
    fn resolve_type(&self, _: MethodHandle, _: Token) -> HostResult<TypeHandle> {
        Self::none()
    }
    fn resolve_field(&self, _: MethodHandle, _: Token, _: bool) -> HostResult<FieldRef> {
        Self::none()
    }
    fn resolve_call(
        &self,
        _: MethodHandle,
        _: Token,
        _: CallKind,
        _: Option<TypeHandle>,
    ) -> HostResult<CallSite> {
        Self::none()
    }
    fn resolve_calli(&self, _: MethodHandle, _: Token) -> HostResult<CalliSig> {
        Self::none()
    }
    fn resolve_string(&self, _: MethodHandle, _: Token) -> HostResult<StringHandle> {
        Self::none()
    }
    fn resolve_token(&self, _: MethodHandle, _: Token) -> HostResult<LdToken> {
        Self::none()
    }
    fn invalid_program(&self, _: MethodHandle, il_offset: u32, message: &str) -> ResolveError {
        eprintln!("IL_{il_offset:04x}: {message}");
        ResolveError(DeferredError(1))
    }
}

/// The safepoint: this machine has nothing to do there.
extern "C" fn poll(thread: &mut Thread) {
    thread.poll = 0;
}

/// Nothing is ever thrown.
extern "C" fn no_exceptions() {
    std::process::abort();
}

/// Puts code into the manager with its addresses.
fn link(
    manager: &CodeManager,
    compiled: &ferrocil_jit::CompiledMethod,
) -> Result<usize, Box<dyn std::error::Error>> {
    let mut block = manager.reserve(compiled.code.len(), compiled.align as usize)?;
    let base = block.address();
    let mut code = compiled.code.clone();
    for reloc in &compiled.relocs {
        let target = match reloc.symbol {
            Symbol::Helper(helper) => {
                let function = if helper == Helper::Poll {
                    poll as *const ()
                } else {
                    no_exceptions as *const ()
                };
                // jmp [rip]: near code that reaches a far function
                let mut thunk = vec![0xff, 0x25, 0, 0, 0, 0];
                thunk.extend((function as u64).to_le_bytes());
                manager.install(&thunk, 16)?.address
            }
            other => return Err(format!("formulas have no {other:?}").into()),
        };
        let (at, value) = (reloc.offset as usize, target as i64 + reloc.addend);
        match reloc.kind {
            RelocKind::Rel4 => {
                let distance = i32::try_from(value - (base + at) as i64)?;
                code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
            }
            RelocKind::Abs8 => code[at..at + 8].copy_from_slice(&value.to_le_bytes()),
        }
    }
    block.write(&code)?;
    Ok(manager.commit(block, code.len())?.address)
}

/// Calls an invoke stub with r15 = thread.
#[unsafe(naked)]
extern "C" fn enter(
    thread: *mut Thread,
    code: usize,
    args: *const u64,
    ret: *mut u64,
    stub: usize,
) -> usize {
    std::arch::naked_asm!("push r15", "mov r15, rdi", "call r8", "pop r15", "ret")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // x = n; total = 0; while (x > 0) { total = total + x * x & 0xffff; x = x + -1 } total
    let (x, total) = (1, 2);
    let get = |n| Box::new(Node::Get(n));
    let square = Box::new(Node::Multiply(get(x), get(x)));
    let low = Box::new(Node::And(square, Box::new(Node::Number(0xffff))));
    let program = [
        Node::Set(x, get(0)),
        Node::While(
            x,
            vec![
                Node::Set(total, Box::new(Node::Add(get(total), low))),
                Node::Set(x, Box::new(Node::Add(get(x), Box::new(Node::Number(-1))))),
            ],
        ),
        Node::Get(total),
    ];
    let mut il = vec![Opcode::Ldarg0 as u16 as u8, Opcode::StlocS as u16 as u8, 0];
    for node in &program {
        translate(node, &mut il);
    }
    il.push(Opcode::Ret as u16 as u8);

    let host = Host { variables: 3 };
    let compiler = Compiler::new(CompilerOptions {
        dumps: true,
        ..CompilerOptions::default()
    })?;
    let arena = LoaderArena::new(16 << 20)?;
    let manager = CodeManager::new(
        &arena,
        CodeManagerKind::Dynamic,
        CodeManagerOptions::default(),
    )?;
    let sig = CallSig {
        this: This::None,
        params: vec![LONG],
        ret: LONG,
    };
    let stub = compiler.compile_stub(
        &host,
        &StubInput {
            kind: StubKind::Invoke,
            sig: sig.clone(),
            name: "invoke",
        },
    )?;
    let stub = link(&manager, &stub)?;
    for tier in [Tier::Quick, Tier::Optimized] {
        let body = IlBody {
            code: &il,
            max_stack: 4,
            init_locals: true,
            local_sig: Token(0x1100_0001),
            clauses: &[],
        };
        let input = MethodInput {
            method: MethodHandle(1),
            name: "formula",
            sig: sig.clone(),
            body,
            synchronized: None,
        };
        let started = Instant::now();
        let compiled = compiler.compile(&host, &input, tier)?;
        let took = started.elapsed();
        if tier == Tier::Optimized {
            println!("{}", compiled.dumps.as_ref().map_or("", |d| d.hir.as_str()));
        }
        let code = link(&manager, &compiled)?;
        let mut thread = Thread {
            pending: 0,
            poll: 0,
        };
        let (args, mut result) = ([50_000_000u64], 0u64);
        let started = Instant::now();
        let thrown = enter(&raw mut thread, code, args.as_ptr(), &raw mut result, stub);
        println!(
            "{tier:?}: {result} in {:?}, compiled in {took:?}, {} bytes",
            started.elapsed(),
            compiled.code.len()
        );
        assert_eq!(thrown, 0, "a formula throws nothing");
    }
    Ok(())
}
