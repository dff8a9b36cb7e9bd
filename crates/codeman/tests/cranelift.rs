//! A `JITModule` on a code manager.

use std::sync::Arc;

use cranelift_codegen::ir::{AbiParam, InstBuilder, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{DataDescription, Linkage, Module, default_libcall_names};
use ferrocil_codeman::{CodeManager, CodeManagerKind, CodeManagerOptions, JitMemory, LoaderArena};

/// Defines `fn(i64) -> i64` that adds `amount` and the word in a data object, and finalizes it.
fn add_function(module: &mut JITModule, amount: i64) -> *const u8 {
    let mut data = DataDescription::new();
    data.define(100i64.to_le_bytes().into());
    data.set_align(8);
    let word = module
        .declare_data(
            &format!("word{amount}"),
            Linkage::Local,
            amount % 2 == 0,
            false,
        )
        .unwrap();
    module.define_data(word, &data).unwrap();

    let mut context = module.make_context();
    context
        .func
        .signature
        .params
        .push(AbiParam::new(types::I64));
    context
        .func
        .signature
        .returns
        .push(AbiParam::new(types::I64));
    let name = format!("add{amount}");
    let id = module
        .declare_function(&name, Linkage::Export, &context.func.signature)
        .unwrap();
    let mut frontend = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut context.func, &mut frontend);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    builder.seal_block(entry);
    let word = module.declare_data_in_func(word, builder.func);
    let address = builder.ins().symbol_value(types::I64, word);
    let loaded = builder.ins().load(
        types::I64,
        cranelift_codegen::ir::MemFlagsData::trusted(),
        address,
        0,
    );
    let argument = builder.block_params(entry)[0];
    let sum = builder.ins().iadd(argument, loaded);
    let sum = builder.ins().iadd_imm_s(sum, amount);
    builder.ins().return_(&[sum]);
    builder.finalize(module.target_config());
    module.define_function(id, &mut context).unwrap();
    module.finalize_definitions().unwrap();
    module.get_finalized_function(id)
}

fn call(code: *const u8, argument: i64) -> i64 {
    // SAFETY: all functions here have this type and are called before their memory is freed.
    let function: extern "C" fn(i64) -> i64 = unsafe { std::mem::transmute(code) };
    function(argument)
}

fn module(manager: &Arc<CodeManager>) -> JITModule {
    let mut builder = JITBuilder::new(default_libcall_names()).unwrap();
    builder.memory_provider(Box::new(JitMemory::new(manager)));
    JITModule::new(builder)
}

fn writable_and_executable() -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .any(|rights| rights.contains('w') && rights.contains('x'))
}

#[test]
fn a_jit_module_compiles_into_a_code_manager() {
    let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE).unwrap();
    let manager = Arc::new(
        CodeManager::new(
            &arena,
            CodeManagerKind::Domain,
            CodeManagerOptions::default(),
        )
        .unwrap(),
    );
    let mut module = module(&manager);
    // Functions are finalized one by one: each must leave the earlier ones executable.
    let functions: Vec<_> = (0..40).map(|i| add_function(&mut module, i)).collect();
    assert!(!writable_and_executable());
    for (i, function) in functions.iter().enumerate() {
        assert!(arena.contains(function.addr()));
        assert_eq!(call(*function, 1000), 1100 + i as i64);
    }
    // The module goes, its code stays with the manager.
    drop(module);
    assert_eq!(call(functions[7], 0), 107);
    assert!(arena.stats().code > 0 && arena.stats().data > 0);
    drop(manager);
    let stats = arena.stats();
    assert_eq!((stats.code, stats.data, stats.leaked), (0, 0, 0));
}

#[test]
fn free_memory_returns_the_pages_at_once() {
    let arena = LoaderArena::new(1 << 20).unwrap();
    let manager = Arc::new(
        CodeManager::new(
            &arena,
            CodeManagerKind::Dynamic,
            CodeManagerOptions::default(),
        )
        .unwrap(),
    );
    for round in 0..50 {
        let mut module = module(&manager);
        let function = add_function(&mut module, round);
        assert_eq!(call(function, 1), 101 + round);
        // SAFETY: the function is not used after this.
        unsafe { module.free_memory() };
        assert_eq!((arena.stats().code, arena.stats().data), (0, 0));
    }
}
