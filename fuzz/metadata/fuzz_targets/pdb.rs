//! A Portable PDB.
#![no_main]

use ferrocil_metadata::TableId;
use ferrocil_metadata::check::check_pdb;
use ferrocil_metadata::pdb::Pdb;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(pdb) = Pdb::parse(bytes) else { return };
    std::hint::black_box(check_pdb(&pdb));
    for method in pdb.rids(TableId::MethodDebugInformation) {
        std::hint::black_box(pdb.source_at(method, u32::MAX).is_ok());
    }
});
