package dev.metakey.bench;

/** What an empty JVM runs. */
public final class Nothing {
  private Nothing() {}

  public static void main(String[] args) {}
}
