//! `cranelift_jit` on a code manager.

use std::io;
use std::sync::Arc;

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider};
use cranelift_module::{ModuleError, ModuleResult};

use crate::arena::{Span, Use};
use crate::error::Error;
use crate::manager::{CodeManager, CodeManagerKind};
use crate::os::{PAGE, Protection, align_up};

/// Lets a `cranelift_jit` `JITModule` allocate from the arena of a [`CodeManager`], so that its code and
/// data are in reach of everything else there and are freed with the manager.
///
/// `JITModule` writes code where it will run. So pages are writable first and become executable, and
/// not writable, when the module's definitions are finalized: still never both. (Code that is reserved
/// from the manager itself needs no such change of protection, which is why it is faster.)
///
/// Dropping the module hands the pages to the manager. `JITModule::free_memory` frees them at once.
///
/// ```
/// # use std::sync::Arc;
/// # use cranelift_jit::{JITBuilder, JITModule};
/// # use cranelift_module::default_libcall_names;
/// # use ferrocil_codeman::{CodeManager, CodeManagerKind, JitMemory, LoaderArena};
/// let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE)?;
/// let manager = CodeManager::new(&arena, CodeManagerKind::Domain, Default::default())?;
/// let mut builder = JITBuilder::new(default_libcall_names())?;
/// builder.memory_provider(Box::new(JitMemory::new(&Arc::new(manager))));
/// let module = JITModule::new(builder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JitMemory {
    manager: Arc<CodeManager>,
    code: Segments,
    read_only: Segments,
    writable: Segments,
}

/// Pages for one kind of memory.
struct Segments {
    purpose: Use,
    /// What the pages become when they are finalized.
    target: Protection,
    spans: Vec<Span>,
    /// In the last span: first free byte, and the end of what is already finalized (a whole page).
    next: usize,
    sealed: usize,
}

impl JitMemory {
    /// Memory of `manager`'s arena that is freed with `manager`, if not before.
    pub fn new(manager: &Arc<CodeManager>) -> JitMemory {
        JitMemory {
            manager: Arc::clone(manager),
            code: Segments::new(Use::Code, Protection::ReadExecute),
            read_only: Segments::new(Use::Data, Protection::Read),
            writable: Segments::new(Use::Data, Protection::ReadWrite),
        }
    }
}

impl Segments {
    fn new(purpose: Use, target: Protection) -> Segments {
        Segments {
            purpose,
            target,
            spans: Vec::new(),
            next: 0,
            sealed: 0,
        }
    }

    fn allocate(&mut self, manager: &CodeManager, size: usize, align: u64) -> io::Result<*mut u8> {
        let align = usize::try_from(align).unwrap_or(usize::MAX);
        if !align.is_power_of_two() || align > PAGE {
            return Err(io::Error::other(Error::Alignment { align, max: PAGE }));
        }
        if let Some(span) = self.spans.last() {
            let start = align_up(self.next, align);
            if start <= span.len() && size <= span.len() - start {
                self.next = start + size;
                return Ok(manager.arena().primary(span.offset() + start).as_ptr());
            }
        }
        self.seal(manager).map_err(io::Error::other)?;
        let smallest = match manager.kind() {
            CodeManagerKind::Dynamic => 1,
            CodeManagerKind::Global | CodeManagerKind::Domain => CodeManager::CHUNK,
        };
        let span = manager
            .arena()
            .acquire(size.max(smallest), self.purpose, Protection::ReadWrite)
            .map_err(io::Error::other)?;
        let pointer = manager.arena().primary(span.offset()).as_ptr();
        self.spans.push(span);
        self.next = size;
        self.sealed = 0;
        Ok(pointer)
    }

    /// Gives the pages in use their final protection; the untouched pages after them stay writable.
    fn seal(&mut self, manager: &CodeManager) -> Result<(), Error> {
        let Some(span) = self.spans.last() else {
            return Ok(());
        };
        let end = self.next.next_multiple_of(PAGE);
        if end > self.sealed && self.target != Protection::ReadWrite {
            manager
                .arena()
                .protect(span, self.sealed, end - self.sealed, self.target)?;
            self.sealed = end;
            self.next = end;
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<Span> {
        (self.next, self.sealed) = (0, 0);
        std::mem::take(&mut self.spans)
    }
}

impl JITMemoryProvider for JitMemory {
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> io::Result<*mut u8> {
        let segments = match kind {
            JITMemoryKind::Executable => &mut self.code,
            JITMemoryKind::Writable => &mut self.writable,
            JITMemoryKind::ReadOnly => &mut self.read_only,
        };
        segments.allocate(&self.manager, size, align)
    }

    unsafe fn free_memory(&mut self) {
        // The caller promises that nobody runs or reads what is freed.
        for segments in [&mut self.code, &mut self.read_only, &mut self.writable] {
            for span in segments.take() {
                self.manager.arena().release(span);
            }
        }
    }

    // Branch protection of this kind does not exist on x86-64.
    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        for segments in [&mut self.code, &mut self.read_only] {
            segments
                .seal(&self.manager)
                .map_err(|error| ModuleError::Allocation {
                    err: io::Error::other(error),
                })?;
        }
        Ok(())
    }
}

impl Drop for JitMemory {
    fn drop(&mut self) {
        for segments in [&mut self.code, &mut self.read_only, &mut self.writable] {
            for span in segments.take() {
                self.manager.adopt(span);
            }
        }
    }
}
