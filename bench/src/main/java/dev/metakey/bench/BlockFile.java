package dev.metakey.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Appends a block to a file, and syncs it: what a durable change costs the disk. */
final class BlockFile implements Connection {
  private static final int BLOCK_BYTES = 4096;

  private final FileChannel file;
  private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);

  BlockFile(Path path) throws IOException {
    this.file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  @Override
  public void call(Op op, String name) {
    try {
      var unused = file.write(block.clear());
      file.force(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
