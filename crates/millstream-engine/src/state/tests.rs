use std::sync::Arc;

use millstream_core::{LeaseHolder, StateStore};

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn check(store: &dyn StateStore) {
    runtime().block_on(async {
        assert_eq!(store.get("a/1").await.unwrap(), None);
        store.put("a/1", b"one").await.unwrap();
        store.put("a/2", b"two").await.unwrap();
        store.put("b/ä%\n", b"").await.unwrap();
        store.put("a/1", b"uno").await.unwrap();
        assert_eq!(store.get("a/1").await.unwrap().as_deref(), Some(&b"uno"[..]));
        assert_eq!(store.get("b/ä%\n").await.unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(store.list("a/").await.unwrap(), ["a/1", "a/2"]);
        assert_eq!(store.list("").await.unwrap().len(), 3);
        assert!(!store.compare_and_put("a/1", Some(b"one"), b"x").await.unwrap());
        assert!(!store.compare_and_put("a/1", None, b"x").await.unwrap());
        assert!(store.compare_and_put("a/1", Some(b"uno"), b"eins").await.unwrap());
        assert!(store.compare_and_put("c", None, b"new").await.unwrap());
        assert_eq!(store.get("a/1").await.unwrap().as_deref(), Some(&b"eins"[..]));
        store.delete("a/1").await.unwrap();
        store.delete("a/1").await.unwrap();
        assert_eq!(store.get("a/1").await.unwrap(), None);

        let holder = LeaseHolder { process_id: 4711, since: 1_767_225_600_000_000 };
        let lease = store.lease("shop", &holder).await.unwrap();
        let Err(error) = store.lease("shop", &holder).await else { panic!("two holders") };
        assert!(error.to_string().contains("process 4711 since 2026-01-01T00:00:00Z"), "{error}");
        assert_eq!(error.kind().exit_code(), 5);
        let other = store.lease("other", &holder).await.unwrap();
        drop((lease, other));
        store.lease("shop", &holder).await.unwrap();
    });
}

#[test]
fn memory_keeps_the_contract() {
    check(&MemoryStore::new());
}

#[test]
fn file_keeps_the_contract_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    check(&FileStore::open(folder.path()).unwrap());
    let again = FileStore::open(folder.path()).unwrap();
    assert_eq!(runtime().block_on(again.get("c")).unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn sqlite_keeps_the_contract_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/state.db");
    check(&SqliteStore::open(&path).unwrap());
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(runtime().block_on(again.get("c")).unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn only_one_of_many_wins_a_compare_and_put() {
    let folder = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn StateStore>; 3] = [
        Arc::new(MemoryStore::new()),
        Arc::new(FileStore::open(folder.path().join("files")).unwrap()),
        Arc::new(SqliteStore::open(folder.path().join("state.db")).unwrap()),
    ];
    for store in stores {
        let wins: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8_u8)
                .map(|n| {
                    let store = store.clone();
                    scope.spawn(move || runtime().block_on(store.compare_and_put("k", None, &[n])).unwrap())
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(wins, 1);
    }
}
