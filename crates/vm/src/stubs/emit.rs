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

/// Goes to native code after noting the caller's frame in the thread: the anchor from
/// which stacks are walked while native code runs.
#[must_use]
pub fn native_thunk(target: usize) -> Vec<u8> {
    let mut code = Vec::with_capacity(32);
    // mov r11, [rsp]
    code.extend([0x4c, 0x8b, 0x1c, 0x24]);
    // mov [r15 + pc], r11
    code.extend([0x4d, 0x89, 0x9f]);
    code.extend(ThreadLayout::ANCHOR_PC.to_le_bytes());
    // mov [r15 + fp], rbp
    code.extend([0x49, 0x89, 0xaf]);
    code.extend(ThreadLayout::ANCHOR_FP.to_le_bytes());
    code.extend(far_jump(target));
    code
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
