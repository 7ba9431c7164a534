//! The file behind a connection: created for its owner only, on a local disk, and the same one
//! as at the start.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::error::StoreFailure;

/// The file at a path, as it was when the connection was opened.
pub(super) struct File {
    path: PathBuf,
    /// The device and the inode.
    identity: (u64, u64),
}

impl File {
    pub(super) fn open_or_create(path: &Path) -> Result<Self, StoreFailure> {
        refuse_network(path)?;
        match create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(path, "created", error)),
        }
        Self::open(path)
    }

    pub(super) fn open(path: &Path) -> Result<Self, StoreFailure> {
        refuse_network(path)?;
        let identity = identity(path).map_err(|error| unusable(path, "opened", error))?;
        move_wal_aside(path).map_err(|error| unusable(path, "opened", error))?;
        Ok(Self { path: path.into(), identity })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the file is still at its path: after it was deleted or replaced, the
    /// connection would use the old file.
    pub(super) fn check(&self) -> Result<(), StoreFailure> {
        match identity(&self.path) {
            Ok(identity) if identity == self.identity => Ok(()),
            Ok(_) => Err(StoreFailure::new(format!(
                "the revocation file {} was replaced by another one",
                self.path.display()
            ))),
            Err(error) => Err(unusable(&self.path, "found", error)),
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    let identity = {
        use std::os::unix::fs::MetadataExt as _;
        (metadata.dev(), metadata.ino())
    };
    // Elsewhere an open file cannot be deleted or replaced.
    #[cfg(not(unix))]
    let identity = (0, u64::from(metadata.is_file()));
    Ok(identity)
}

/// Creates an empty file, before SQLite opens it with the permissions of the umask.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    // A journal of an earlier file would change this one.
    move_aside(path, "-journal")?;
    move_aside(path, "-wal")?;
    sync_folder(path)
}

/// Moves a left-over file beside the database out of the way.
fn move_aside(path: &Path, suffix: &str) -> io::Result<()> {
    let with = |suffix: &str| {
        let mut name = OsString::from(path);
        name.push(suffix);
        PathBuf::from(name)
    };
    let from = with(suffix);
    if !from.try_exists()? {
        return Ok(());
    }
    let to = with(&format!("{suffix}.unused"));
    tracing::warn!(
        from = %from.display(),
        to = %to.display(),
        "moving aside a journal that was left over from another revocation file"
    );
    fs::rename(from, to)
}

/// Writes the folder to the disk: otherwise a power failure can lose the new file.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(folder(path))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(unix)]
fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A left-over `-wal` would change a file that is not in WAL mode. Closing the file releases all
/// locks of this process on it, so it is opened only if there is a `-wal`.
fn move_wal_aside(path: &Path) -> io::Result<()> {
    let mut wal = OsString::from(path);
    wal.push("-wal");
    if !Path::new(&wal).try_exists()? {
        return Ok(());
    }
    let mut header = Vec::new();
    fs::File::open(path)?.take(20).read_to_end(&mut header)?;
    // In WAL mode (2), the connection refuses the file.
    if header.get(18..20) == Some(&[2, 2]) { Ok(()) } else { move_aside(path, "-wal") }
}

/// The locks of SQLite do not work on a network file system.
fn refuse_network(path: &Path) -> Result<(), StoreFailure> {
    #[cfg(target_os = "linux")]
    {
        let found = rustix::fs::statfs(folder(path))
            .map_err(|error| unusable(path, "opened", error.into()))?;
        if is_network(found.f_type.into()) {
            return Err(StoreFailure::new(format!(
                "the revocation file {} is on a network file system, where SQLite can lose \
                 commits; use a local disk",
                path.display()
            )));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = path;
    Ok(())
}

/// Whether a file system of this type (statfs(2)) is a network file system. The type has 32 bits,
/// and is negative where `f_type` is an `i32`.
#[cfg(target_os = "linux")]
fn is_network(kind: i128) -> bool {
    // linux/magic.h: NFS, SMB, SMB2, CIFS, Ceph, AFS, 9P, Coda.
    const NETWORK: [u32; 8] = [
        0x6969,
        0x517B,
        0xFE53_4D42,
        0xFF53_4D42,
        0x00C3_6400,
        0x5346_414F,
        0x0102_1997,
        0x7375_7245,
    ];
    NETWORK.map(i128::from).contains(&(kind & i128::from(u32::MAX)))
}

fn unusable(path: &Path, action: &str, error: io::Error) -> StoreFailure {
    StoreFailure::because(
        format!("the revocation file {} cannot be {action}", path.display()),
        error,
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::tests::file, *};

    const LEFT_OVER: &[u8] = b"of another file";

    fn beside(path: &Path, suffix: &str) -> PathBuf {
        format!("{}{suffix}", path.display()).into()
    }

    /// Returns the error of opening the file.
    fn refused(opened: Result<File, StoreFailure>) -> String {
        opened.err().unwrap().to_string()
    }

    #[test]
    fn a_new_file_gets_no_journal_of_another_one() {
        let (_folder, path) = file();
        for suffix in ["-journal", "-wal"] {
            fs::write(beside(&path, suffix), LEFT_OVER).unwrap();
        }
        File::open_or_create(&path).unwrap();
        for suffix in ["-journal", "-wal"] {
            assert!(!beside(&path, suffix).exists());
            assert_eq!(fs::read(beside(&path, &format!("{suffix}.unused"))).unwrap(), LEFT_OVER);
        }
    }

    #[test]
    fn only_a_file_in_wal_mode_keeps_its_wal() {
        let (_folder, path) = file();
        let (wal, unused) = (beside(&path, "-wal"), beside(&path, "-wal.unused"));
        // The versions of a database file are at its bytes 18 and 19: 2 in WAL mode.
        for (version, is_kept) in [(1, false), (2, true)] {
            let mut header = [0; 100];
            header[18..20].fill(version);
            fs::write(&path, header).unwrap();
            fs::write(&wal, LEFT_OVER).unwrap();
            File::open(&path).unwrap();
            assert_eq!((wal.exists(), unused.exists()), (is_kept, !is_kept), "{version}");
            let _ = fs::remove_file(&unused);
        }
    }

    #[test]
    fn an_error_says_what_failed() {
        let (folder, path) = file();
        let error = refused(File::open(&path));
        assert!(error.contains("cannot be opened"), "{error}");
        fs::write(&path, "").unwrap();
        let error = refused(File::open_or_create(&path.join("sessions.db")));
        assert!(error.contains("cannot be created"), "{error}");
        let error = refused(File::open_or_create(&folder.path().join("missing/sessions.db")));
        assert!(error.contains("cannot be opened"), "{error}");
    }

    #[test]
    fn the_folder_of_a_relative_path_is_the_current_one() {
        assert_eq!(folder(Path::new("sessions.db")), Path::new("."));
        assert_eq!(folder(Path::new("data/sessions.db")), Path::new("data"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn network_file_systems_are_known_by_their_type() {
        let cifs: u32 = 0xFF53_4D42;
        for kind in [0x6969, cifs.into(), cifs.cast_signed().into()] {
            assert!(is_network(kind), "{kind:x}");
        }
        // ext4, tmpfs, overlayfs, btrfs.
        for kind in [0xEF53, 0x0102_1994, 0x794C_7630, 0x9123_683E] {
            assert!(!is_network(kind), "{kind:x}");
        }
    }
}
