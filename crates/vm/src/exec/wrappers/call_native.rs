//! The way out of managed code: a call by the System V convention whose arguments are in
//! a block of memory that the caller's IL has filled.

use core::arch::naked_asm;

use crate::icall::Thrown;
use crate::threads::Thread;

/// Words of a call block.
pub(super) mod word {
    /// Address of the function.
    pub(crate) const FUNCTION: usize = 0;
    /// rdi, rsi, rdx, rcx, r8, r9.
    pub(crate) const INTS: usize = 1;
    /// xmm0 to xmm7.
    pub(crate) const FLOATS: usize = 7;
    /// Number of words on the stack.
    pub(crate) const STACK_COUNT: usize = 15;
    /// Results: rax, rdx, xmm0, xmm1.
    pub(crate) const RESULT_INTS: usize = 16;
    /// xmm0 and xmm1.
    pub(crate) const RESULT_FLOATS: usize = 18;
    /// `errno` after the call.
    pub(crate) const ERRNO: usize = 20;
    /// Words that go on the stack.
    pub(crate) const STACK: usize = 21;
}

/// Registers for integers and for floating-point numbers.
pub(super) const INT_REGISTERS: usize = 6;
pub(super) const FLOAT_REGISTERS: usize = 8;

/// Calls what a block names.
///
/// # Safety
/// The block is laid out as [`word`] says and its stack words are there; the function
/// takes such arguments.
#[unsafe(naked)]
unsafe extern "C" fn call_block(block: *mut u64) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "sub rsp, 8",
        "mov rbx, rdi",
        // The words on the stack, at a multiple of 16.
        "mov rcx, [rbx + 15*8]",
        "lea rax, [rcx*8 + 15]",
        "and rax, -16",
        "sub rsp, rax",
        "lea rsi, [rbx + 21*8]",
        "mov rdi, rsp",
        "cld",
        "rep movsq",
        "movsd xmm0, [rbx + 7*8]",
        "movsd xmm1, [rbx + 8*8]",
        "movsd xmm2, [rbx + 9*8]",
        "movsd xmm3, [rbx + 10*8]",
        "movsd xmm4, [rbx + 11*8]",
        "movsd xmm5, [rbx + 12*8]",
        "movsd xmm6, [rbx + 13*8]",
        "movsd xmm7, [rbx + 14*8]",
        "mov rdi, [rbx + 1*8]",
        "mov rsi, [rbx + 2*8]",
        "mov rdx, [rbx + 3*8]",
        "mov rcx, [rbx + 4*8]",
        "mov r8, [rbx + 5*8]",
        "mov r9, [rbx + 6*8]",
        // Functions with variable arguments want the number of vector registers.
        "mov eax, 8",
        "call [rbx]",
        "mov [rbx + 16*8], rax",
        "mov [rbx + 17*8], rdx",
        "movsd [rbx + 18*8], xmm0",
        "movsd [rbx + 19*8], xmm1",
        "lea rsp, [rbp - 8]",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Calls native code as such: collections do not wait for it.
pub(super) fn call_native(thread: &Thread, block: *mut u64) -> Result<(), Thrown> {
    thread.blocking(|| {
        // SAFETY: errno is a thread-local of the C library.
        unsafe { *libc::__errno_location() = 0 };
        // SAFETY: only wrappers made in `pinvoke` call this, with a block in their frame that is
        // as large as their signature asks for. What the function does with its
        // arguments is the promise of the program's declaration.
        unsafe { call_block(block) };
        // SAFETY: as above; the block has this word.
        unsafe { *block.add(word::ERRNO) = *libc::__errno_location() as u64 };
    });
    Ok(())
}
