package dev.metakey.link;

import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.RecordStruct;
import dev.metakey.link.ElfSections.Section;
import dev.metakey.model.FieldUse;
import dev.metakey.model.MetakeyException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The records of a BPF object: where they are in it, and what they say. */
final class RecordSection {
  /** A host has 64 ids; the same name may be in several records. */
  static final int MAX_RECORDS = 1024;

  private final Path path;
  private final long offset;
  private final ByteBuffer bytes;
  private final List<FieldUse> uses;

  private RecordSection(Path path, long offset, ByteBuffer bytes) {
    this.path = path;
    this.offset = offset;
    this.bytes = bytes;
    this.uses = uses();
  }

  /**
   * Reads and checks an object.
   *
   * @param path names the file in errors
   * @throws MetakeyException INVALID_REQUEST, naming what is wrong at which byte of the file
   */
  static RecordSection read(Path path, FileChannel file) throws IOException {
    ElfSections elf = ElfSections.read(path, file);
    List<Section> found = elf.named(RecordStruct.SECTION);
    if (found.isEmpty()) {
      throw BadObject.whole(
          path,
          "there is no section %s: nothing in it uses METAKEY_PRODUCES or METAKEY_CONSUMES, and there is nothing to link"
              .formatted(RecordStruct.SECTION));
    }
    Section section = found.get(0);
    if (found.size() > 1) {
      throw BadObject.at(
          path,
          found.get(1).at(),
          "sections %d and %d are both named %s; let bpftool gen object join them into one"
              .formatted(section.index(), found.get(1).index(), RecordStruct.SECTION));
    }
    check(path, section);
    return new RecordSection(path, section.offset(), elf.bytesOf(section));
  }

  private static void check(Path path, Section section) {
    if (section.type() != ElfSections.PROGBITS) {
      throw BadObject.at(
          path,
          section.at() + 4,
          "%s has type %d%s; records are in a section with bytes (type 1)"
              .formatted(
                  RecordStruct.SECTION,
                  section.type(),
                  section.type() == ElfSections.NOBITS ? " (no bytes in the file)" : ""));
    }
    if ((section.flags() & ElfSections.COMPRESSED) != 0) {
      throw BadObject.at(
          path,
          section.at() + 8,
          "%s is compressed; no loader reads that".formatted(RecordStruct.SECTION));
    }
    long size = section.size();
    if (size == 0 || size % RecordStruct.BYTES != 0 || size / RecordStruct.BYTES > MAX_RECORDS) {
      throw BadObject.at(
          path,
          section.at() + 32,
          "%s has %d bytes; allowed are 1 to %d records of %d bytes each"
              .formatted(RecordStruct.SECTION, size, MAX_RECORDS, RecordStruct.BYTES));
    }
  }

  private List<FieldUse> uses() {
    List<FieldUse> all = new ArrayList<>();
    for (int at = 0; at < bytes.limit(); at += RecordStruct.BYTES) {
      try {
        all.add(RecordStruct.get(bytes, at));
      } catch (BadLayoutException e) {
        throw BadObject.at(
            path,
            offset + at,
            "record %d: %s".formatted(at / RecordStruct.BYTES, e.getMessage()),
            e);
      }
    }
    return List.copyOf(all);
  }

  Path path() {
    return path;
  }

  /** What the records say, in their order. */
  List<FieldUse> records() {
    return uses;
  }

  /**
   * Copies the whole object, with other records.
   *
   * @param linked as many as there are records, each with a place
   */
  void copy(FileChannel from, FileChannel to, List<FieldUse> linked) throws IOException {
    long size = from.size();
    long copied = 0;
    while (copied < size) {
      long count = from.transferTo(copied, size - copied, to);
      if (count <= 0) {
        break;
      }
      copied += count;
    }
    ByteBuffer now = ByteBuffer.allocate(bytes.limit());
    while (now.hasRemaining() && to.read(now, offset + now.position()) >= 0) {}
    if (copied < size || !now.flip().equals(bytes)) {
      throw new IOException(path + " changed while it was linked");
    }
    ByteBuffer patched = ByteBuffer.allocate(bytes.limit()).order(bytes.order());
    patched.put(0, bytes, 0, bytes.limit());
    for (int i = 0; i < linked.size(); i++) {
      RecordStruct.putPlace(patched, i * RecordStruct.BYTES, linked.get(i).place());
    }
    while (patched.hasRemaining()) {
      to.write(patched, offset + patched.position());
    }
  }
}
