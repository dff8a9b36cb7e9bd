//! The services work without a VM: two handles of one file, a wait for either of two
//! events, a culture, exact digits.

use ferrocil_corlib::globalization::Catalog;
use ferrocil_corlib::io::{Access, FileTable, IoError, OpenOptions, Share};
use ferrocil_corlib::number::ExponentFormat;
use ferrocil_corlib::threading::{ThreadId, WaitOutcome, WaitTable};
use ferrocil_corlib::time::Deadline;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = FileTable::new();
    let path = std::env::temp_dir().join(format!("ferrocil-example-{}", std::process::id()));
    let open = OpenOptions {
        mode: 2,
        access: Access::WRITE,
        share: Share::NONE,
        options: 0,
    };
    let file = files.open(&path, open)?;
    files.write(file, b"hello")?;
    let second = files.open(
        &path,
        OpenOptions {
            mode: 3,
            access: Access::READ,
            ..open
        },
    );
    assert_eq!(second, Err(IoError::SHARING_VIOLATION));
    files.close(file)?;
    ferrocil_corlib::io::delete_file(&path)?;

    let waits = WaitTable::default();
    let first = waits.create_event(false, false, None)?.handle;
    let second = waits.create_event(false, true, None)?.handle;
    let outcome = waits.wait(ThreadId(1), &[first, second], false, Deadline::after(1000))?;
    assert_eq!(outcome, WaitOutcome::Signaled(1));

    let catalog = Catalog::parse();
    let german = catalog
        .by_name("de-de")
        .and_then(|index| catalog.get(index));
    println!(
        "{}",
        german.map_or("?", |culture| culture.list("months")[2])
    );
    println!("{}", ExponentFormat { precision: 40 }.format(0.1));
    Ok(())
}
