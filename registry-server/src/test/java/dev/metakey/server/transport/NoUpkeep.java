package dev.metakey.server.transport;

import dev.metakey.model.Peer;
import dev.metakey.server.domain.Apply;
import dev.metakey.server.domain.Restore;

/** For tests that ask for none of this. */
final class NoUpkeep implements Upkeep {
  @Override
  public byte[] backup() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Restore restore(byte[] backup, boolean nothingLoaded) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Apply apply(String file, byte[] text, boolean withFields) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void refuseChanges(Peer admin, String reason) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void takeChanges() {
    throw new UnsupportedOperationException();
  }
}
