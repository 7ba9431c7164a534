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
        // linux/magic.h: NFS, SMB, SMB2, CIFS, Ceph, AFS, 9P, Coda.
        const NETWORK: [u64; 8] = [
            0x6969,
            0x517B,
            0xFE53_4D42,
            0xFF53_4D42,
            0x00C3_6400,
            0x5346_414F,
            0x0102_1997,
            0x7375_7245,
        ];
        let found = rustix::fs::statfs(folder(path))
            .map_err(|error| unusable(path, "opened", error.into()))?;
        // Signed on some architectures, and 32 bits on others.
        let kind = u64::try_from(found.f_type).unwrap_or(0) & u64::from(u32::MAX);
        if NETWORK.contains(&kind) {
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

fn unusable(path: &Path, action: &str, error: io::Error) -> StoreFailure {
    StoreFailure::because(
        format!("the revocation file {} cannot be {action}", path.display()),
        error,
    )
}
