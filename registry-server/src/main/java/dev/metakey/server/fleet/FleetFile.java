package dev.metakey.server.fleet;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.files.AtomicFile;
import dev.metakey.fleet.v1.Known;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.CRC32C;

/**
 * The file {@code fleet} in the data directory: what the host knows of its fleet. A line with a
 * checksum, then the message; as JSON it would be read with the descriptors of all messages, which
 * takes a quarter of a start.
 */
record FleetFile(Path path) {
  private static final String HEAD = "metakey-fleet 1 crc32c=%08x\n";
  private static final int HEAD_BYTES = HEAD.formatted(0).length();

  /**
   * @return nothing known if there is no such file
   * @throws FleetException if the file is damaged
   */
  Known read() throws FleetException {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
      ByteBuffer head = bytes.slice(0, Math.min(HEAD_BYTES, bytes.limit()));
      ByteBuffer body = bytes.slice(head.limit(), bytes.limit() - head.limit());
      if (!head.equals(headOf(body))) {
        throw damaged();
      }
      return Known.parseFrom(body);
    } catch (NoSuchFileException none) {
      return Known.getDefaultInstance();
    } catch (InvalidProtocolBufferException e) {
      throw damaged();
    } catch (IOException e) {
      throw new FleetException("%s cannot be read".formatted(path), e);
    }
  }

  private FleetException damaged() {
    return new FleetException("%s is damaged".formatted(path));
  }

  /**
   * @throws FleetException if it cannot be written
   */
  void write(Known known) throws FleetException {
    ByteBuffer body = ByteBuffer.wrap(known.toByteArray());
    ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + body.limit());
    bytes.put(headOf(body)).put(body).flip();
    try {
      AtomicFile.write(
          path,
          PosixFilePermissions.fromString("rw-------"),
          file -> {
            while (bytes.hasRemaining()) {
              file.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new FleetException("%s cannot be written".formatted(path), e);
    }
  }

  private static ByteBuffer headOf(ByteBuffer body) {
    CRC32C crc = new CRC32C();
    crc.update(body.duplicate());
    return ByteBuffer.wrap(HEAD.formatted(crc.getValue()).getBytes(US_ASCII));
  }
}
