//! Memory, linking and helpers of the test VM.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use ferrocil_jit::host::{
    CallSig, CallSite, CompilerHost, Dispatch, FieldHandle, Helper, IlBody, MethodHandle, Repr,
    Symbol, This, ThisFixup, TypeHandle, WriteBarrier,
};
use ferrocil_jit::{
    CompiledMethod, Compiler, CompilerOptions, MethodInput, RelocKind, StubInput, StubKind, Tier,
    Witness,
};
use ferrocil_metadata::Token;

use super::asm::Il;
use super::host::{Host, Method, Sig, T};
use super::unwind;

const VTABLES: usize = 4096;
const VTABLE_SIZE: usize = 512;
const STATICS: usize = 1 << 20;
const CODE: usize = 2 << 20;
const HEAP: usize = 8 << 20;
const SIZE: usize = 64 << 20;

pub fn vtable_offset(ty: TypeHandle) -> u32 {
    (VTABLES + ty.0 as usize * VTABLE_SIZE) as u32
}

/// Type of an object.
pub fn class_of(object: u64) -> TypeHandle {
    // SAFETY: tests pass references that the VM gave.
    let header = unsafe { *(object as *const u32) };
    TypeHandle((header - VTABLES as u32) / VTABLE_SIZE as u32)
}

/// What compiled code knows of the thread, then what the helpers know.
#[repr(C)]
pub struct Thread {
    pub pending: u64,
    pub poll: u32,
    _pad: u32,
    pub tlab: [u64; 2],
    pub context: u64,
    pub machine: *const Machine,
    pub unwinding: RefCell<Vec<unwind::Search>>,
    pub log: RefCell<Vec<i32>>,
}

pub struct Machine {
    pub host: Host,
    compiler: Compiler,
    pub tier: Tier,
    base: usize,
    code_at: Cell<usize>,
    heap_at: Cell<usize>,
    pub codes: RefCell<Vec<(usize, CompiledMethod)>>,
    entries: RefCell<Vec<usize>>,
    thunks: RefCell<HashMap<Helper, usize>>,
    pub natives: RefCell<Vec<usize>>,
    pub statics: RefCell<HashMap<FieldHandle, usize>>,
    stubs: RefCell<Vec<(CallSig, usize)>>,
    pub thread: Box<Thread>,
    pub trap_thunk: Cell<usize>,
}

/// Result of a call: the value, or the type of the exception.
pub type Outcome = Result<u64, TypeHandle>;

impl Machine {
    pub fn new(tier: Tier) -> Box<Machine> {
        let options = CompilerOptions {
            verify: true,
            check: true,
            dumps: true,
            baseline_cpu: false,
        };
        Machine::with_options(tier, options)
    }

    pub fn with_options(tier: Tier, options: CompilerOptions) -> Box<Machine> {
        // SAFETY: an anonymous mapping at an address of the system's choice.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        } as usize;
        assert_ne!(base, usize::MAX);
        let mut machine = Box::new(Machine {
            host: Host::new(),
            compiler: Compiler::new(options).expect("a compiler"),
            tier,
            base,
            code_at: Cell::new(base + CODE),
            heap_at: Cell::new(base + HEAP),
            codes: RefCell::default(),
            entries: RefCell::default(),
            thunks: RefCell::default(),
            natives: RefCell::default(),
            statics: RefCell::default(),
            stubs: RefCell::default(),
            thread: Box::new(Thread {
                pending: 0,
                poll: 0,
                _pad: 0,
                tlab: [0; 2],
                context: 0,
                machine: std::ptr::null(),
                unwinding: RefCell::default(),
                log: RefCell::default(),
            }),
            trap_thunk: Cell::new(0),
        });
        machine.thread.machine = &raw const *machine;
        // A buffer for a few small objects, then the helper.
        let buffer = base as u64 + HEAP as u64 + (32 << 20);
        machine.thread.tlab = [buffer, buffer + 512];
        let trap = machine.raise_thunk(unwind::TRAP);
        machine.trap_thunk.set(trap);
        unwind::install(base, SIZE);
        machine
    }

    fn put(&self, bytes: &[u8]) -> usize {
        let at = self.code_at.get().next_multiple_of(16);
        assert!(at + bytes.len() < self.base + HEAP);
        // SAFETY: inside the mapping.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
        self.code_at.set(at + bytes.len());
        at
    }

    /// A write barrier over the whole mapping, with its tables at the end.
    pub fn set_barrier(&self) -> WriteBarrier {
        let barrier = WriteBarrier {
            table: (self.base + SIZE - (2 << 20)).wrapping_sub((self.base + HEAP) >> 7),
            heap_start: self.base + HEAP,
            heap_len: 40 << 20,
            shift: 7,
            unlogged: 0,
            logged: 5,
            block_table: (self.base + SIZE - (1 << 20)).wrapping_sub((self.base + HEAP) >> 15),
            block_shift: 15,
        };
        self.host.barrier.set(Some(barrier));
        barrier
    }

    pub fn alloc(&self, ty: TypeHandle, size: usize) -> u64 {
        let at = self.heap_at.get();
        self.heap_at.set(at + size.next_multiple_of(8));
        assert!(self.heap_at.get() < self.base + SIZE);
        // SAFETY: inside the mapping, which starts as zeros.
        unsafe { *(at as *mut u32) = vtable_offset(ty) };
        at as u64
    }

    pub fn type_of_vtable(&self, vtable: u64) -> TypeHandle {
        TypeHandle(((vtable as usize - self.base - VTABLES) / VTABLE_SIZE) as u32)
    }

    /// mov rax, target; jmp rax
    fn jump_thunk(&self, target: usize) -> usize {
        let mut code = vec![0x48, 0xb8];
        code.extend((target as u64).to_le_bytes());
        code.extend([0xff, 0xe0]);
        self.put(&code)
    }

    /// Calls `unwind::raise(thread, a, b, return address, frame, id)`.
    fn raise_thunk(&self, id: u32) -> usize {
        let mut code = Vec::new();
        if id == unwind::TRAP {
            code.extend([0x31, 0xc9]); // xor ecx, ecx
        } else {
            code.extend([0x48, 0x8b, 0x0c, 0x24]); // mov rcx, [rsp]
        }
        code.extend([0x49, 0x89, 0xe8]); // mov r8, rbp
        code.extend([0x41, 0xb9]); // mov r9d, id
        code.extend(id.to_le_bytes());
        code.extend([0x48, 0x81, 0xec, 0x80, 0, 0, 0]); // sub rsp, 128
        code.extend([0x48, 0x83, 0xe4, 0xf0]); // and rsp, -16
        code.extend([0x48, 0xb8]); // mov rax, raise
        code.extend((unwind::raise as *const () as u64).to_le_bytes());
        code.extend([0xff, 0xd0, 0x0f, 0x0b]); // call rax; ud2
        self.put(&code)
    }

    fn helper(&self, helper: Helper) -> usize {
        if let Some(found) = self.thunks.borrow().get(&helper) {
            return *found;
        }
        if helper == Helper::PollPreserved {
            let stub = self.stub(
                StubKind::PreservedPoll,
                &super::host::Sig::fixed(&[], T::VOID),
            );
            self.thunks.borrow_mut().insert(helper, stub);
            return stub;
        }
        if helper == Helper::WriteBarrier {
            let stub = self.put(&self.host.barrier.get().expect("a barrier").stub());
            self.thunks.borrow_mut().insert(helper, stub);
            return stub;
        }
        let thunk = match unwind::raising(helper) {
            Some(id) => self.raise_thunk(id),
            None => self.jump_thunk(unwind::helper_address(helper)),
        };
        self.thunks.borrow_mut().insert(helper, thunk);
        thunk
    }

    fn static_cell(&self, field: FieldHandle) -> usize {
        let mut statics = self.statics.borrow_mut();
        let n = statics.len();
        *statics.entry(field).or_insert(self.base + STATICS + n * 64)
    }

    fn symbol(&self, symbol: Symbol) -> usize {
        match symbol {
            Symbol::Helper(helper) => self.helper(helper),
            Symbol::MethodEntry(m) => self.entries.borrow()[m.0 as usize],
            Symbol::VTable(ty) => self.base + vtable_offset(ty) as usize,
            Symbol::VTableBase => self.base,
            Symbol::StaticField(f) => self.static_cell(f),
            Symbol::ClassInitFlag(ty) => self.static_cell(FieldHandle(1000 + ty.0)),
            Symbol::StringLiteral(s) => self.static_cell(FieldHandle(2000 + s.0)),
            Symbol::TypeToken(ty) => 0x1000 + ty.0 as usize,
            Symbol::MethodToken(m) | Symbol::InterfaceKey(m) => 0x10_0000 + m.0 as usize,
            Symbol::FieldToken(f) => 0x20_0000 + f.0 as usize,
            Symbol::VTableOffset(offset) => offset as usize,
            Symbol::Barrier(which) => {
                let barrier = self.host.barrier.get().expect("a barrier");
                barrier.constant(which)
            }
            Symbol::NativeThunk(n) => self.jump_thunk(self.natives.borrow()[n as usize]),
            Symbol::Funclet(_) => unreachable!("inside the method"),
        }
    }

    fn link(&self, compiled: CompiledMethod) -> usize {
        let at = self.put(&compiled.code);
        assert_eq!(at % compiled.align as usize, 0);
        for reloc in &compiled.relocs {
            let place = at + reloc.offset as usize;
            let target = match reloc.symbol {
                Symbol::Funclet(i) => at + compiled.functions[i as usize].start as usize,
                symbol => self.symbol(symbol),
            };
            let value = (target as i64).wrapping_add(reloc.addend);
            // SAFETY: the relocation is inside the code just written.
            unsafe {
                match reloc.kind {
                    RelocKind::Rel4 => {
                        let distance = i32::try_from(value - place as i64).expect("a near symbol");
                        (place as *mut i32).write_unaligned(distance);
                    }
                    RelocKind::Abs8 => (place as *mut i64).write_unaligned(value),
                }
            }
        }
        self.codes.borrow_mut().push((at, compiled));
        at
    }

    /// Declares a method; it is compiled by [`Machine::compile`].
    pub fn method(&self, sig: CallSig, locals: &[TypeHandle], body: Il) -> MethodHandle {
        self.declare(Method {
            sig,
            locals: locals.to_vec(),
            body,
            site: None,
            synchronized: None,
            no_inlining: false,
        })
    }

    pub fn declare(&self, method: Method) -> MethodHandle {
        self.host.methods.borrow_mut().push(method);
        // jmp [rip+2]; the cell is 8-aligned after it
        let entry = self.put(&[0xff, 0x25, 2, 0, 0, 0, 0x90, 0x90, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.entries.borrow_mut().push(entry);
        MethodHandle(self.host.methods.borrow().len() as u32 - 1)
    }

    /// Compiles a method and sets its entry.
    pub fn compile(&self, method: MethodHandle) -> String {
        let data = self.host.methods.borrow()[method.0 as usize].clone();
        let input = MethodInput {
            method,
            name: "test",
            sig: data.sig.clone(),
            body: IlBody {
                code: &data.body.code,
                max_stack: 8,
                init_locals: true,
                local_sig: if data.locals.is_empty() {
                    Token(0)
                } else {
                    Token(0x1100_0001)
                },
                clauses: &data.body.clauses,
            },
            synchronized: data.synchronized,
        };
        let compiled = self
            .compiler
            .compile(&self.host, &input, self.tier)
            .expect("compiled code");
        let dumps = compiled.dumps.clone().unwrap_or_default();
        let text = format!("{}\n{}\n{}", dumps.hir, dumps.clif, dumps.vcode);
        if std::env::var_os("JIT_DUMP").is_some() {
            eprintln!("{text}");
        }
        if let Some(error) = compiled.invalid {
            eprintln!("invalid: {}", self.host.errors.borrow()[error.0 as usize]);
        }
        let code = self.link(compiled);
        let entry = self.entries.borrow()[method.0 as usize];
        // SAFETY: the cell behind the entry's jump.
        unsafe { *((entry + 8) as *mut usize) = code };
        text
    }

    /// A method without a body that is called in this way.
    pub fn site(&self, sig: CallSig, dispatch: Dispatch) -> MethodHandle {
        let site = CallSite {
            sig: sig.clone(),
            dispatch,
            this_fixup: ThisFixup::None,
            null_check: false,
            no_return: false,
        };
        self.declare(Method {
            sig,
            locals: vec![],
            body: Il::new(),
            site: Some(site),
            synchronized: None,
            no_inlining: false,
        })
    }

    /// The constructor call of a class without constructor code.
    pub fn make(&self, class: TypeHandle) -> MethodHandle {
        let sig = Sig::instance(This::Ref, &[], T::VOID);
        self.site(sig, Dispatch::NewObject { class, ctor: None })
    }

    /// Compiles without linking.
    pub fn try_compile(
        &self,
        sig: CallSig,
        locals: &[TypeHandle],
        body: Il,
    ) -> Result<CompiledMethod, String> {
        self.with_input(sig, locals, body, |input| {
            let compiled = self.compiler.compile(&self.host, input, self.tier);
            compiled.map_err(|e| e.to_string())
        })
    }

    /// Compiles without linking and keeps what the checker needs.
    pub fn try_compile_with_witness(
        &self,
        sig: CallSig,
        locals: &[TypeHandle],
        body: Il,
    ) -> Result<(CompiledMethod, Witness), String> {
        self.with_input(sig, locals, body, |input| {
            let compiled = self
                .compiler
                .compile_with_witness(&self.host, input, self.tier);
            let (compiled, witness) = compiled.map_err(|e| e.to_string())?;
            Ok((compiled, witness.expect("a witness")))
        })
    }

    fn with_input<R>(
        &self,
        sig: CallSig,
        locals: &[TypeHandle],
        body: Il,
        compile: impl FnOnce(&MethodInput<'_>) -> R,
    ) -> R {
        let method = MethodHandle(self.host.methods.borrow().len() as u32);
        let data = Method {
            sig: sig.clone(),
            locals: locals.to_vec(),
            body,
            site: None,
            synchronized: None,
            no_inlining: false,
        };
        let (code, clauses) = (data.body.code.clone(), data.body.clauses.clone());
        self.host.methods.borrow_mut().push(data);
        let body = IlBody {
            code: &code,
            max_stack: 8,
            init_locals: true,
            local_sig: Token(0x1100_0001),
            clauses: &clauses,
        };
        let compiled = compile(&MethodInput {
            method,
            name: "test",
            sig,
            body,
            synchronized: None,
        });
        self.host.methods.borrow_mut().pop();
        compiled
    }

    /// Code of an instance of the shared code that was compiled last: `exact` says what each
    /// generic symbol is in it.
    pub fn instance(&self, exact: impl Fn(Symbol) -> Symbol) -> usize {
        let (code, lookups) = {
            let codes = self.codes.borrow();
            let (at, compiled) = codes.last().expect("compiled code");
            assert!(compiled.context_offset.is_some_and(|offset| offset < 0));
            (*at, compiled.lookups.clone())
        };
        let mut context = vec![0x1234];
        context.extend(lookups.iter().map(|&s| self.symbol(exact(s)) as u64));
        // mov r11, context; mov [r15 + 32], r11; mov rax, code; jmp rax
        let mut thunk = vec![0x49, 0xbb];
        thunk.extend((context.leak().as_ptr() as u64).to_le_bytes());
        thunk.extend([0x4d, 0x89, 0x5f, 32, 0x48, 0xb8]);
        thunk.extend((code as u64).to_le_bytes());
        thunk.extend([0xff, 0xe0]);
        self.put(&thunk)
    }

    pub fn entry(&self, method: MethodHandle) -> usize {
        self.entries.borrow()[method.0 as usize]
    }

    /// Writes the vtable of a type.
    pub fn build_vtable(&self, ty: TypeHandle) {
        let virtuals = self.host.types.borrow()[ty.0 as usize].virtuals.clone();
        for (i, m) in virtuals.iter().enumerate() {
            let place = self.base + vtable_offset(ty) as usize + 64 + 8 * i;
            // SAFETY: inside the vtable area.
            unsafe { *(place as *mut usize) = self.entry(*m) };
        }
    }

    pub fn set_imt(&self, ty: TypeHandle, slot: usize, key: MethodHandle, code: usize) {
        let place = self.base + vtable_offset(ty) as usize + 256 + 16 * slot;
        // SAFETY: inside the vtable area.
        unsafe {
            *(place as *mut usize) = 0x10_0000 + key.0 as usize;
            *((place + 8) as *mut usize) = code;
        }
    }

    pub fn stub(&self, kind: StubKind, sig: &CallSig) -> usize {
        let input = StubInput {
            kind,
            sig: sig.clone(),
            name: "stub",
        };
        let compiled = self
            .compiler
            .compile_stub(&self.host, &input)
            .expect("a stub");
        if std::env::var_os("JIT_DUMP").is_some() {
            eprintln!(
                "{}",
                compiled.dumps.as_ref().map_or("", |d| d.clif.as_str())
            );
        }
        self.link(compiled)
    }

    /// Compiles and calls a method.
    pub fn run(&self, method: MethodHandle, args: &[u64]) -> Outcome {
        let sig = self.host.methods.borrow()[method.0 as usize].sig.clone();
        self.call_code(&sig, self.entry(method), args)
    }

    pub fn call_code(&self, sig: &CallSig, code: usize, args: &[u64]) -> Outcome {
        let found = self
            .stubs
            .borrow()
            .iter()
            .find(|s| s.0 == *sig)
            .map(|s| s.1);
        let stub = found.unwrap_or_else(|| {
            let stub = self.stub(StubKind::Invoke, sig);
            self.stubs.borrow_mut().push((sig.clone(), stub));
            stub
        });
        let layout = self.host.layout(sig.ret).expect("a layout");
        let mut ret = vec![0u64; (layout.size as usize).div_ceil(8).max(1)];
        // SAFETY: the stub is compiled code of this machine; the buffers fit its signature.
        let thrown = unsafe {
            unwind::enter(
                &raw const *self.thread,
                code,
                args.as_ptr(),
                ret.as_mut_ptr().cast(),
                stub,
            )
        };
        if thrown != 0 {
            return Err(class_of(thrown as u64));
        }
        if layout.repr == Repr::Struct {
            return Ok(Box::leak(ret.into_boxed_slice()).as_ptr() as u64);
        }
        Ok(ret[0])
    }

    /// Compiles a method and calls it.
    pub fn go(&self, method: MethodHandle, args: &[u64]) -> Outcome {
        self.compile(method);
        self.run(method, args)
    }

    pub fn exception(kind: ferrocil_jit::host::ThrowKind) -> TypeHandle {
        TypeHandle(T::EXCEPTION.0 + kind as u64 as u32)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        unwind::remove(self.base);
        // SAFETY: the mapping made in `new`; nothing runs in it any more.
        unsafe { libc::munmap(self.base as *mut libc::c_void, SIZE) };
    }
}
