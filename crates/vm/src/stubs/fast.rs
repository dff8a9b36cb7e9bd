//! Short ways of helpers: code in front of a helper's thunk that answers without leaving managed
//! mode, or falls into the thunk with the arguments as they were.
//!
//! Arguments are in the System V registers (rdi is the thread, as r15 is); only caller-saved
//! registers change.

use crate::exec::DispatchCache;
use crate::threads::{StaticsCache, ThreadLayout};

/// Multiplier of the hashes that the code below computes.
const MIX: u32 = 0x9e37_79b1;

/// The upper `bits` bits of a mixed word, as the code below computes them.
#[must_use]
pub fn mixed(word: u32, bits: u32) -> usize {
    (word.wrapping_mul(MIX) >> (32 - bits)) as usize
}

/// Code whose conditional jumps lead behind its end.
#[derive(Default)]
struct ShortWay {
    code: Vec<u8>,
    jumps: Vec<usize>,
}

/// Conditions of `jcc rel8`.
const EQUAL: u8 = 0x74;
const NOT_EQUAL: u8 = 0x75;

impl ShortWay {
    fn emit(&mut self, bytes: &[u8]) -> &mut Self {
        self.code.extend(bytes);
        self
    }

    /// An instruction that ends in a 32-bit displacement or number.
    fn emit_with(&mut self, bytes: &[u8], number: u32) -> &mut Self {
        self.code.extend(bytes);
        self.code.extend(number.to_le_bytes());
        self
    }

    fn give_up_if(&mut self, condition: u8) -> &mut Self {
        self.jumps.push(self.code.len() + 2);
        self.emit(&[condition, 0])
    }

    fn followed_by(mut self, thunk: &[u8]) -> Vec<u8> {
        let end = self.code.len();
        for next in self.jumps {
            self.code[next - 1] = i8::try_from(end - next)
                .expect("short ways are short")
                .cast_unsigned();
        }
        self.code.extend(thunk);
        self.code
    }
}

/// `(thread, object, method) -> code address` from the dispatch cache.
#[must_use]
pub fn resolve(thunk: &[u8]) -> Vec<u8> {
    let mut way = ShortWay::default();
    // test rsi, rsi
    way.emit(&[0x48, 0x85, 0xf6]).give_up_if(EQUAL);
    // mov eax, [rsi]; lea ecx, [rax + rdx]; imul ecx, ecx, MIX; shr ecx, 32 - BITS
    way.emit(&[0x8b, 0x06, 0x8d, 0x0c, 0x10])
        .emit_with(&[0x69, 0xc9], MIX)
        .emit(&[0xc1, 0xe9, 32 - DispatchCache::BITS as u8]);
    // mov r8, [r15 + dispatch]; mov rcx, [r8 + 8 * rcx]; test rcx, rcx
    way.emit_with(&[0x4d, 0x8b, 0x87], ThreadLayout::DISPATCH.cast_unsigned())
        .emit(&[0x49, 0x8b, 0x0c, 0xc8, 0x48, 0x85, 0xc9])
        .give_up_if(EQUAL);
    // cmp [rcx], rdx
    way.emit(&[0x48, 0x39, 0x11]).give_up_if(NOT_EQUAL);
    // cmp [rcx + 8], eax
    way.emit(&[0x39, 0x41, 0x08]).give_up_if(NOT_EQUAL);
    // mov rax, [rcx + 16]; ret
    way.emit(&[0x48, 0x8b, 0x41, 0x10, 0xc3]);
    way.followed_by(thunk)
}

/// `(thread, field) -> address` from the thread's own cache.
#[must_use]
pub fn thread_static(thunk: &[u8]) -> Vec<u8> {
    let mut way = ShortWay::default();
    let cache = ThreadLayout::STATICS_CACHE.cast_unsigned();
    // imul eax, esi, MIX; shr eax, 32 - BITS; shl eax, 4
    way.emit_with(&[0x69, 0xc6], MIX).emit(&[
        0xc1,
        0xe8,
        32 - StaticsCache::BITS as u8,
        0xc1,
        0xe0,
        0x04,
    ]);
    // cmp [r15 + rax + cache], rsi
    way.emit_with(&[0x49, 0x39, 0xb4, 0x07], cache)
        .give_up_if(NOT_EQUAL);
    // mov rax, [r15 + rax + cache + 8]; ret
    way.emit_with(&[0x49, 0x8b, 0x84, 0x07], cache + 8)
        .emit(&[0xc3]);
    way.followed_by(thunk)
}

/// `(thread, object)`: takes a lock that nobody holds.
#[must_use]
pub fn monitor_enter(thunk: &[u8]) -> Vec<u8> {
    let mut way = ShortWay::default();
    thin_word(&mut way, [0x41, 0x8b, 0x8f], [0x85, 0xc9]);
    // xor eax, eax; lock cmpxchg [rsi + 4], ecx
    way.emit(&[0x31, 0xc0, 0xf0, 0x0f, 0xb1, 0x4e, 0x04])
        .give_up_if(NOT_EQUAL);
    way.emit(&[0xc3]);
    way.followed_by(thunk)
}

/// `(thread, object, flag)`: takes a lock that nobody holds, and sets the flag, which is clear.
#[must_use]
pub fn monitor_enter_taken(thunk: &[u8]) -> Vec<u8> {
    let mut way = ShortWay::default();
    thin_word(&mut way, [0x41, 0x8b, 0x8f], [0x85, 0xc9]);
    // xor eax, eax; cmp [rdx], al
    way.emit(&[0x31, 0xc0, 0x38, 0x02]).give_up_if(NOT_EQUAL);
    // lock cmpxchg [rsi + 4], ecx
    way.emit(&[0xf0, 0x0f, 0xb1, 0x4e, 0x04])
        .give_up_if(NOT_EQUAL);
    // mov byte [rdx], 1; ret
    way.emit(&[0xc6, 0x02, 0x01, 0xc3]);
    way.followed_by(thunk)
}

/// `(thread, object)`: leaves a lock that was entered once and never contended.
#[must_use]
pub fn monitor_exit(thunk: &[u8]) -> Vec<u8> {
    let mut way = ShortWay::default();
    thin_word(&mut way, [0x41, 0x8b, 0x87], [0x85, 0xc0]);
    // xor ecx, ecx; lock cmpxchg [rsi + 4], ecx
    way.emit(&[0x31, 0xc9, 0xf0, 0x0f, 0xb1, 0x4e, 0x04])
        .give_up_if(NOT_EQUAL);
    way.emit(&[0xc3]);
    way.followed_by(thunk)
}

/// Tests the object, and loads the sync word of a lock of this thread; 0: it cannot have such.
fn thin_word(way: &mut ShortWay, load: [u8; 3], test: [u8; 2]) {
    // test rsi, rsi
    way.emit(&[0x48, 0x85, 0xf6]).give_up_if(EQUAL);
    // mov reg, [r15 + thin]; test reg, reg
    way.emit_with(&load, ThreadLayout::THIN_LOCK.cast_unsigned())
        .emit(&test)
        .give_up_if(EQUAL);
}
