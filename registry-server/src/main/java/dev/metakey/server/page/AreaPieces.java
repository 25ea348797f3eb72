package dev.metakey.server.page;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What lies where in the area before a packet. In the packed layout, that is what a packet would
 * carry that had every field.
 */
final class AreaPieces {
  private static final int WORD = 8;

  /**
   * Some bytes of the area.
   *
   * @param at from the start of the packet: negative
   * @param what {@code field}, {@code presence}, {@code high}, {@code low}, {@code tag}, {@code
   *     zero} or {@code free}
   * @param id of the field; -1 for anything else
   */
  record Piece(int at, int size, String what, int id) {}

  private AreaPieces() {}

  /** From the first byte to the last, without gaps. */
  static List<Piece> of(Snapshot snapshot) {
    RegistryInfo info = snapshot.info();
    List<Piece> pieces = new ArrayList<>();
    if (info.layout() == Layout.SLOTTED) {
      addSlotted(pieces, snapshot);
    } else {
      addPacked(pieces, snapshot);
    }
    int markAt = -MarkStruct.BYTES;
    pieces.add(new Piece(markAt, 6, "tag", -1));
    pieces.add(new Piece(markAt + 6, 2, "zero", -1));
    pieces.sort(Comparator.comparingInt(Piece::at));
    return filled(pieces, -info.areaBytes());
  }

  private static void addSlotted(List<Piece> pieces, Snapshot snapshot) {
    pieces.add(new Piece(-RegistryInfo.SLOTLESS_BYTES, WORD, "presence", -1));
    for (Field field : snapshot.records()) {
      if (field.slot() != 0) {
        pieces.add(new Piece(-field.slot(), field.size(), "field", field.id()));
      }
    }
  }

  private static void addPacked(List<Piece> pieces, Snapshot snapshot) {
    int at = -snapshot.info().areaBytes();
    pieces.add(new Piece(at, WORD, "high", -1));
    pieces.add(new Piece(at + WORD, WORD, "low", -1));
    at += 2 * WORD;
    Header header = snapshot.header();
    for (Field field : snapshot.records()) {
      if (header.sizeOf(field.id()) != 0 && at + field.size() <= -MarkStruct.BYTES) {
        pieces.add(new Piece(at, field.size(), "field", field.id()));
        at += field.size();
      }
    }
  }

  /** The same, with the gaps as pieces. */
  private static List<Piece> filled(List<Piece> pieces, int from) {
    List<Piece> all = new ArrayList<>();
    int at = from;
    for (Piece piece : pieces) {
      if (piece.at() > at) {
        all.add(new Piece(at, piece.at() - at, "free", -1));
      }
      all.add(piece);
      at = piece.at() + piece.size();
    }
    return all;
  }
}
