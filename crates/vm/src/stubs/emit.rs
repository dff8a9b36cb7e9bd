//! Byte sequences of small stubs that live in the loader arena.

use crate::threads::ThreadLayout;

/// Bytes of a precode.
pub const PRECODE_SIZE: usize = 32;

/// A method's stable entry: `jmp [cell]`; the cell first points at the second part,
/// which names the entry and goes to the prestub.
///
/// `at`: address of the stub, `cell`: address of the code cell (within ±2 GiB),
/// `entry`: the `MethodEntry`, `prestub`: near jump stub.
#[must_use]
pub fn precode(at: usize, cell: usize, entry: usize, prestub: usize) -> [u8; PRECODE_SIZE] {
    let mut code = [0xccu8; PRECODE_SIZE];
    // jmp [rip + disp]
    code[0..2].copy_from_slice(&[0xff, 0x25]);
    code[2..6].copy_from_slice(&rel32(at + 6, cell));
    // +8: mov r11, entry
    code[8..10].copy_from_slice(&[0x49, 0xbb]);
    code[10..18].copy_from_slice(&(entry as u64).to_le_bytes());
    // jmp prestub
    code[18] = 0xe9;
    code[19..23].copy_from_slice(&rel32(at + 23, prestub));
    code
}

/// Offset in a precode where the cell points before the first call.
pub const PRECODE_FIRST: usize = 8;

/// `jmp target`, within ±2 GiB.
#[must_use]
pub fn near_jump(at: usize, target: usize) -> [u8; 5] {
    let mut code = [0xe9; 5];
    code[1..].copy_from_slice(&rel32(at + 5, target));
    code
}

/// Bytes of an [`instance_thunk`].
pub const INSTANCE_THUNK_SIZE: usize = 19;

/// Leaves a generic context in the thread and goes to shared code; both within ±2 GiB.
#[must_use]
pub fn instance_thunk(at: usize, context: usize, code: usize) -> [u8; INSTANCE_THUNK_SIZE] {
    let mut thunk = [0; INSTANCE_THUNK_SIZE];
    // lea r11, [rip + context]
    thunk[0..3].copy_from_slice(&[0x4c, 0x8d, 0x1d]);
    thunk[3..7].copy_from_slice(&rel32(at + 7, context));
    // mov [r15 + disp], r11
    thunk[7..10].copy_from_slice(&[0x4d, 0x89, 0x9f]);
    thunk[10..14].copy_from_slice(&ThreadLayout::CONTEXT.to_le_bytes());
    thunk[14..19].copy_from_slice(&near_jump(at + 14, code));
    thunk
}

/// Bytes of a counting stub.
pub const COUNTING_SIZE: usize = 18;

/// Takes one from the u32 at `counter` and goes to `code`, or to `used_up` when nothing is left:
/// `sub dword [counter], 1; jz used_up; jmp code`.
#[must_use]
pub fn counting_stub(
    at: usize,
    counter: usize,
    code: usize,
    used_up: usize,
) -> [u8; COUNTING_SIZE] {
    let mut stub = [0; COUNTING_SIZE];
    stub[0..2].copy_from_slice(&[0x83, 0x2d]);
    stub[2..6].copy_from_slice(&rel32(at + 7, counter));
    stub[6] = 1;
    stub[7..9].copy_from_slice(&[0x0f, 0x84]);
    stub[9..13].copy_from_slice(&rel32(at + 13, used_up));
    stub[13] = 0xe9;
    stub[14..18].copy_from_slice(&rel32(at + 18, code));
    stub
}

/// `jmp [rip]` with the address behind it: reaches anything, changes no register.
#[must_use]
pub fn far_jump(target: usize) -> Vec<u8> {
    let mut code = vec![0xff, 0x25, 0, 0, 0, 0];
    code.extend((target as u64).to_le_bytes());
    code
}

/// Bytes below a managed frame's SP at a call of native code that the collector does not read:
/// return address, frame pointer, and the callee-saved registers, which may hold anything that
/// the managed code once used.
pub const ENTRY_SAVES: usize = 48;

/// Goes to native code: notes the caller's frame in the thread, from which stacks are walked
/// while native code runs; puts the callee-saved registers where the collector does not look;
/// copies `stack_words` arguments.
#[must_use]
pub fn native_thunk(target: usize, stack_words: u32) -> Vec<u8> {
    let mut code = Vec::with_capacity(96);
    // push rbp, rbx, r12, r13, r14
    code.extend([0x55, 0x53, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56]);
    // mov r11, [rsp + 40]; mov [r15 + pc], r11; mov [r15 + fp], rbp
    code.extend([0x4c, 0x8b, 0x5c, 0x24, 0x28, 0x4d, 0x89, 0x9f]);
    code.extend(ThreadLayout::ANCHOR_PC.to_le_bytes());
    code.extend([0x49, 0x89, 0xaf]);
    code.extend(ThreadLayout::ANCHOR_FP.to_le_bytes());
    let padding = (stack_words % 2) * 8;
    if padding != 0 {
        // sub rsp, 8
        code.extend([0x48, 0x83, 0xec, 0x08]);
    }
    // Each push moves the rest closer: push [rsp + first]
    let first = ENTRY_SAVES as u32 + padding + 8 * stack_words.saturating_sub(1);
    for _ in 0..stack_words {
        code.extend([0xff, 0xb4, 0x24]);
        code.extend(first.to_le_bytes());
    }
    // xor ebx, ebx; xor r12d, r12d; xor r13d, r13d; xor r14d, r14d
    code.extend([
        0x31, 0xdb, 0x45, 0x31, 0xe4, 0x45, 0x31, 0xed, 0x45, 0x31, 0xf6,
    ]);
    // call [rip + literal]
    code.extend([0xff, 0x15, 0, 0, 0, 0]);
    let call = code.len();
    if stack_words != 0 {
        // add rsp, arguments
        code.extend([0x48, 0x81, 0xc4]);
        code.extend((8 * stack_words + padding).to_le_bytes());
    }
    // pop r14, r13, r12, rbx, rbp; ret
    code.extend([0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5b, 0x5d, 0xc3]);
    let literal = (code.len() - call) as u32;
    code[call - 4..call].copy_from_slice(&literal.to_le_bytes());
    code.extend((target as u64).to_le_bytes());
    code
}

/// The poll of compiled loops, called by the `preserve_all` convention: notes the caller's
/// frame, saves every register that native code may change, and calls `target(thread)`.
#[must_use]
pub fn preserved_poll(target: usize) -> Vec<u8> {
    let mut code = Vec::with_capacity(512);
    // push rbp; mov rbp, rsp; push r11
    code.extend([0x55, 0x48, 0x89, 0xe5, 0x41, 0x53]);
    // mov r11, [rbp + 8]; mov [r15 + pc], r11
    code.extend([0x4c, 0x8b, 0x5d, 0x08, 0x4d, 0x89, 0x9f]);
    code.extend(ThreadLayout::ANCHOR_PC.to_le_bytes());
    // mov r11, [rbp]; mov [r15 + fp], r11
    code.extend([0x4c, 0x8b, 0x5d, 0x00, 0x4d, 0x89, 0x9f]);
    code.extend(ThreadLayout::ANCHOR_FP.to_le_bytes());
    // push rax, rcx, rdx, rsi, rdi, r8, r9, r10
    code.extend([
        0x50, 0x51, 0x52, 0x56, 0x57, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52,
    ]);
    // sub rsp, 264: sixteen vector registers, aligned
    code.extend([0x48, 0x81, 0xec, 0x08, 0x01, 0x00, 0x00]);
    vector_moves(&mut code, 0x11);
    // mov rdi, r15; mov rax, target; call rax
    code.extend([0x4c, 0x89, 0xff, 0x48, 0xb8]);
    code.extend((target as u64).to_le_bytes());
    code.extend([0xff, 0xd0]);
    vector_moves(&mut code, 0x10);
    // add rsp, 264; pop r10, r9, r8, rdi, rsi, rdx, rcx, rax, r11, rbp; ret
    code.extend([0x48, 0x81, 0xc4, 0x08, 0x01, 0x00, 0x00]);
    code.extend([
        0x41, 0x5a, 0x41, 0x59, 0x41, 0x58, 0x5f, 0x5e, 0x5a, 0x59, 0x58, 0x41, 0x5b, 0x5d, 0xc3,
    ]);
    code
}

/// `movups` between xmm0 to xmm15 and `[rsp + 16 * n]`.
fn vector_moves(code: &mut Vec<u8>, opcode: u8) {
    for n in 0u8..16 {
        if n >= 8 {
            code.push(0x44);
        }
        code.extend([0x0f, opcode, 0x84 | (n & 7) << 3, 0x24]);
        code.extend((u32::from(n) * 16).to_le_bytes());
    }
}

/// Entry of a value type's virtual method: turns the boxed object into a pointer to its
/// payload. `add rdi, 8; jmp [cell]`.
#[must_use]
pub fn unbox_stub(at: usize, cell: usize) -> Vec<u8> {
    let mut code = vec![0x48, 0x83, 0xc7, 0x08, 0xff, 0x25];
    code.extend(rel32(at + 10, cell));
    code
}

/// Delegate with a closed instance target, any signature: replaces `this` by the target
/// and goes to the method. `mov rax, [rdi + method]; mov rdi, [rdi + target]; jmp rax`.
#[must_use]
pub fn delegate_closed(method_ptr: u32, target: u32) -> Vec<u8> {
    let mut code = vec![0x48, 0x8b, 0x87];
    code.extend(method_ptr.to_le_bytes());
    code.extend([0x48, 0x8b, 0xbf]);
    code.extend(target.to_le_bytes());
    code.extend([0xff, 0xe0]);
    code
}

fn rel32(next: usize, target: usize) -> [u8; 4] {
    let distance = (target as i64) - (next as i64);
    i32::try_from(distance)
        .expect("stubs and cells lie within the loader arena")
        .to_le_bytes()
}
