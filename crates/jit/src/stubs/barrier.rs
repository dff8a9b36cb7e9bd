//! The write barrier as a function, for code that is to be short.

use crate::host::WriteBarrier;

impl WriteBarrier {
    /// Code of [`Helper::WriteBarrier`](crate::host::Helper::WriteBarrier).
    #[must_use]
    pub fn stub(&self) -> Vec<u8> {
        let mut code = Vec::with_capacity(96);
        // push rax; push rcx
        code.extend([0x50, 0x51]);
        // mov rcx, heap_start; mov rax, rdi; sub rax, rcx
        rcx(&mut code, self.heap_start);
        code.extend([0x48, 0x89, 0xf8, 0x48, 0x29, 0xc8]);
        // mov rcx, heap_len; cmp rax, rcx; jae out
        rcx(&mut code, self.heap_len);
        code.extend([0x48, 0x39, 0xc8, 0x73]);
        let outside = code.len();
        code.push(0);
        // mov rcx, table; mov rax, rdi; shr rax, shift
        rcx(&mut code, self.table);
        code.extend([0x48, 0x89, 0xf8, 0x48, 0xc1, 0xe8, self.shift]);
        // cmp byte [rax + rcx], unlogged; jne out
        code.extend([0x80, 0x3c, 0x08, self.unlogged, 0x75]);
        let done = code.len();
        code.push(0);
        // mov byte [rax + rcx], logged
        code.extend([0xc6, 0x04, 0x08, self.logged]);
        // mov rcx, block_table; mov rax, rdi; shr rax, block_shift; mov byte [rax + rcx], 1
        rcx(&mut code, self.block_table);
        code.extend([0x48, 0x89, 0xf8, 0x48, 0xc1, 0xe8, self.block_shift]);
        code.extend([0xc6, 0x04, 0x08, 0x01]);
        // out: pop rcx; pop rax; ret
        for jump in [outside, done] {
            let distance = code.len() - (jump + 1);
            debug_assert!(distance < 128);
            code[jump] = distance as u8;
        }
        code.extend([0x59, 0x58, 0xc3]);
        code
    }
}

/// mov rcx, value
fn rcx(code: &mut Vec<u8>, value: usize) {
    code.extend([0x48, 0xb9]);
    code.extend((value as u64).to_le_bytes());
}
