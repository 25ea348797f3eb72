package dev.metakey.server.storage;

import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import org.rocksdb.RocksDBException;

/** What is done with a database while nobody closes it. */
final class DatabaseUse {
  private DatabaseUse() {}

  /** While nobody else does anything with it. */
  interface Opening {
    RegistryState open() throws StoreException, RocksDBException, IOException;
  }

  interface Reading<T> {
    T of(Database open) throws StoreException, RocksDBException;
  }

  interface Writing {
    void to(Database open) throws StoreException, RocksDBException;
  }
}
