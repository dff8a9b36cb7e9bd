//! The IL compiler: IL to typed SSA to Cranelift to relocatable code.
