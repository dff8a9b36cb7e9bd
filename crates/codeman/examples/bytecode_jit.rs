//! A just-in-time compiler for a small stack machine, on a code manager.
//!
//! It shows what a VM other than ferrocil does with this crate: each module of functions has a code
//! manager of its own; functions call each other through cells in a data heap, which the code reaches by
//! a 32-bit distance; unloading a module is dropping it.
//!
//! `cargo run --release -p ferrocil-codeman --example bytecode_jit`

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use ferrocil_codeman::{
    CodeBlock, CodeManager, CodeManagerKind, CodeManagerOptions, DataHeap, Error, HeapKind,
    LoaderArena,
};

/// An instruction. Operands are 64-bit integers on a stack; local 0 is the argument.
#[derive(Clone, Copy, Debug)]
enum Op {
    Push(i64),
    Get(u8),
    Set(u8),
    Add,
    Sub,
    Mul,
    /// 1 if the lower operand is less than the upper one, else 0.
    Less,
    Jump(usize),
    JumpIfZero(usize),
    /// Calls a function of the same module with one argument.
    Call(usize),
    Return,
}

/// Most bytes that one instruction becomes.
const MAX_OP_BYTES: usize = 16;
/// Most bytes of a function's entry.
const MAX_ENTRY_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
enum CompileError {
    #[error("the bytecode is not valid at instruction {at}: {why}")]
    Invalid { at: usize, why: &'static str },
    #[error("there is no memory for the code")]
    Memory(#[from] Error),
}

/// Checks that every path keeps the operand stack right and stays inside the function.
fn verify(code: &[Op], functions: usize) -> Result<(), CompileError> {
    let mut height: Vec<Option<usize>> = vec![None; code.len()];
    let mut work = vec![(0usize, 0usize)];
    while let Some((at, depth)) = work.pop() {
        let invalid = |why| Err(CompileError::Invalid { at, why });
        let Some(op) = code.get(at) else {
            return invalid("control leaves the function");
        };
        match height[at] {
            Some(known) if known == depth => continue,
            Some(_) => return invalid("two paths meet with different stacks"),
            None => height[at] = Some(depth),
        }
        let (pops, pushes) = match op {
            Op::Push(_) | Op::Get(_) => (0, 1),
            Op::Set(_) | Op::JumpIfZero(_) | Op::Return => (1, 0),
            Op::Add | Op::Sub | Op::Mul | Op::Less => (2, 1),
            Op::Jump(_) => (0, 0),
            Op::Call(_) => (1, 1),
        };
        let Some(rest) = depth.checked_sub(pops) else {
            return invalid("the stack is empty");
        };
        let depth = rest + pushes;
        match *op {
            Op::Call(function) if function >= functions => return invalid("no such function"),
            Op::Return => continue,
            Op::Jump(target) => work.push((target, depth)),
            Op::JumpIfZero(target) => work.extend([(target, depth), (at + 1, depth)]),
            _ => work.push((at + 1, depth)),
        }
    }
    Ok(())
}

/// Compiled functions that live and die together.
struct Module {
    /// Owns the code.
    _code: CodeManager,
    /// Owns the cells.
    _data: DataHeap,
    /// Through `cells[i]` function i is called.
    cells: Vec<NonNull<usize>>,
}

impl Module {
    fn compile(arena: &Arc<LoaderArena>, functions: &[&[Op]]) -> Result<Module, CompileError> {
        let code = CodeManager::new(
            arena,
            CodeManagerKind::Domain,
            CodeManagerOptions::default(),
        )?;
        let data = DataHeap::new(arena, HeapKind::Stub);
        let cells = functions
            .iter()
            .map(|_| Ok(data.alloc(Layout::new::<usize>())?.cast::<usize>()))
            .collect::<Result<Vec<_>, Error>>()?;
        for (function, cell) in functions.iter().zip(&cells) {
            verify(function, functions.len())?;
            let bytes = MAX_ENTRY_BYTES + MAX_OP_BYTES * function.len();
            let mut block = code.reserve(bytes, 16)?;
            emit(&mut block, function, &cells)?;
            let used = block.written();
            let range = code.commit(block, used)?;
            // SAFETY: the cell is a word of the data heap, and no code that reads it runs yet.
            unsafe { cell.write(range.address) };
        }
        Ok(Module {
            _code: code,
            _data: data,
            cells,
        })
    }

    fn call(&self, function: usize, argument: i64) -> i64 {
        // SAFETY: the cell has the address of verified code of this type, which lives as long as
        // `self`.
        unsafe {
            let address = self.cells[function].read();
            let code: extern "C" fn(i64) -> i64 = std::mem::transmute(address);
            code(argument)
        }
    }
}

/// Writes the code of a function. Its frame: saved rbp, 256 locals, then the operand stack.
fn emit(block: &mut CodeBlock<'_>, code: &[Op], cells: &[NonNull<usize>]) -> Result<(), Error> {
    let local = |index: u8| (-8 * (i32::from(index) + 1)).to_le_bytes();
    let mut starts = Vec::with_capacity(code.len());
    // Where a distance to an instruction must be filled in.
    let mut jumps: Vec<(usize, usize)> = Vec::new();
    // push rbp; mov rbp, rsp; sub rsp, 2048; mov [rbp - 8], rdi
    block.write(&[0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x08, 0, 0])?;
    block.write(&[0x48, 0x89, 0x7d, 0xf8])?;
    for op in code {
        starts.push(block.written());
        match *op {
            Op::Push(value) => {
                block.write(&[0x48, 0xb8])?; // mov rax, value
                block.write(&value.to_le_bytes())?;
                block.write(&[0x50])?; // push rax
            }
            Op::Get(index) => {
                block.write(&[0xff, 0xb5])?; // push [rbp + local]
                block.write(&local(index))?;
            }
            Op::Set(index) => {
                block.write(&[0x58, 0x48, 0x89, 0x85])?; // pop rax; mov [rbp + local], rax
                block.write(&local(index))?;
            }
            // pop rcx; pop rax; (operation); push rax
            Op::Add => block.write(&[0x59, 0x58, 0x48, 0x01, 0xc8, 0x50])?,
            Op::Sub => block.write(&[0x59, 0x58, 0x48, 0x29, 0xc8, 0x50])?,
            Op::Mul => block.write(&[0x59, 0x58, 0x48, 0x0f, 0xaf, 0xc1, 0x50])?,
            Op::Less => {
                block.write(&[0x59, 0x58, 0x48, 0x39, 0xc8])?; // cmp rax, rcx
                block.write(&[0x0f, 0x9c, 0xc0, 0x0f, 0xb6, 0xc0, 0x50])?; // setl al; movzx eax, al
            }
            Op::Jump(target) => {
                block.write(&[0xe9])?;
                jumps.push((block.written(), target));
                block.write(&[0; 4])?;
            }
            Op::JumpIfZero(target) => {
                block.write(&[0x58, 0x48, 0x85, 0xc0, 0x0f, 0x84])?; // pop rax; test rax, rax; jz
                jumps.push((block.written(), target));
                block.write(&[0; 4])?;
            }
            Op::Call(function) => {
                block.write(&[0x5f, 0xff, 0x15])?; // pop rdi; call [rip + distance]
                let from = block.address() + block.written() + 4;
                let to = cells[function].as_ptr().addr();
                // Code and cells are in one arena of at most 1 GiB.
                let distance = to.wrapping_sub(from) as i32;
                block.write(&distance.to_le_bytes())?;
                block.write(&[0x50])?; // push rax
            }
            Op::Return => block.write(&[0x58, 0xc9, 0xc3])?, // pop rax; leave; ret
        }
    }
    for (at, target) in jumps {
        let distance = (starts[target] as i32) - (at as i32 + 4);
        block.as_mut_slice()[at..at + 4].copy_from_slice(&distance.to_le_bytes());
    }
    Ok(())
}

/// fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)
const FIB: &[Op] = &[
    Op::Get(0),
    Op::Push(2),
    Op::Less,
    Op::JumpIfZero(6),
    Op::Get(0),
    Op::Return,
    Op::Get(0),
    Op::Push(1),
    Op::Sub,
    Op::Call(0),
    Op::Get(0),
    Op::Push(2),
    Op::Sub,
    Op::Call(0),
    Op::Add,
    Op::Return,
];

/// The sum of i * i for i below n, in a loop.
const SQUARES: &[Op] = &[
    Op::Push(0),
    Op::Set(1),
    Op::Push(0),
    Op::Set(2),
    Op::Get(2),
    Op::Get(0),
    Op::Less,
    Op::JumpIfZero(19),
    Op::Get(1),
    Op::Get(2),
    Op::Get(2),
    Op::Mul,
    Op::Add,
    Op::Set(1),
    Op::Get(2),
    Op::Push(1),
    Op::Add,
    Op::Set(2),
    Op::Jump(4),
    Op::Get(1),
    Op::Return,
];

fn main() -> Result<(), CompileError> {
    let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE)?;
    let empty = arena.stats();

    let module = Module::compile(&arena, &[FIB, SQUARES])?;
    let start = Instant::now();
    let fib = module.call(0, 30);
    println!("fib(30) = {fib} in {:.1?}", start.elapsed());
    assert_eq!(fib, 832_040);
    let squares = module.call(1, 1000);
    println!("sum of squares below 1000 = {squares}");
    assert_eq!(squares, (0..1000).map(|i| i * i).sum::<i64>());

    // Many modules at once, each freed by itself.
    const MODULES: usize = 500;
    let start = Instant::now();
    let modules = (0..MODULES)
        .map(|_| Module::compile(&arena, &[FIB, SQUARES]))
        .collect::<Result<Vec<_>, _>>()?;
    println!("{MODULES} modules compiled in {:.1?}", start.elapsed());
    println!("arena: {:?}", arena.stats());
    assert!(modules.iter().all(|module| module.call(0, 10) == 55));
    let start = Instant::now();
    drop(modules);
    println!("{MODULES} modules unloaded in {:.1?}", start.elapsed());
    drop(module);
    assert_eq!(arena.stats(), empty);

    if let Err(error) = Module::compile(&arena, &[&[Op::Add, Op::Return]]) {
        println!("refused: {error}");
    }
    Ok(())
}
