//! Writes the first inputs: `cargo run --example seeds` in this folder fills `corpus/`.

use std::path::Path;

use ferrocil_metadata::builder::{BuildOptions, sample, sample_pdb};
use ferrocil_metadata::{Image, TableId};

type Failure = Box<dyn std::error::Error>;

fn save(target: &str, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let folder = Path::new("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

fn main() -> Result<(), Failure> {
    for bits in 0..16_u8 {
        let bytes = sample(BuildOptions {
            uncompressed: bits & 1 != 0,
            wide_heaps: bits & 2 != 0,
            pe32_plus: bits & 4 != 0,
            extra_data: bits & 8 != 0,
        })?;
        save("image", &bits.to_string(), &bytes)?;
        save("text", &bits.to_string(), &bytes)?;
        let image = Image::parse(&bytes)?;
        let root = image.cli_header().metadata;
        save("metadata", &bits.to_string(), image.rva_bytes(root.rva, root.size)?)?;
        for rid in image.rids(TableId::MethodDef) {
            let row = image.method_def(rid)?;
            let signature = image.blob(row.signature)?;
            save("signature", &rid.to_string(), signature)?;
            if row.rva != 0 {
                let body = image.method_body(row.rva)?;
                let body = image.rva_bytes(row.rva, body.size)?;
                save("body", &rid.to_string(), body)?;
                let method = [u8::try_from(rid - 1)?];
                save("verify", &rid.to_string(), &[&method, body].concat())?;
            }
        }
        for rid in image.rids(TableId::CustomAttribute) {
            let row = image.custom_attribute(rid)?;
            let signature = image.blob(image.method_def(row.constructor.rid())?.signature)?;
            let input = [&[u8::try_from(signature.len())?], signature, image.blob(row.value)?].concat();
            save("attribute", &rid.to_string(), &input)?;
        }
    }
    save("pdb", "sample", &sample_pdb()?)
}
