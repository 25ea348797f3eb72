import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import java.io.FileDescriptor;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** Answers each connection with the edge.packet_id that came with it: server.c, in Java. */
public class ConnectionServer {
  private static final Function SYSCALL = NativeLibrary.getInstance("c").getFunction("syscall");
  private static final int MAP_LOOKUP_ELEM = 1;
  private static final int OBJ_GET = 7;

  public static void main(String[] args) throws Exception {
    int values = open("/sys/fs/bpf/connection_values");
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(Integer.parseInt(args[0])));
      System.out.println("listening");
      while (true) {
        try (SocketChannel connection = listener.accept()) {
          connection.read(ByteBuffer.allocate(128));
          connection.write(StandardCharsets.US_ASCII.encode(answer(values, connection)));
        }
      }
    }
  }

  private static String answer(int values, SocketChannel connection) throws Exception {
    Memory key = new Memory(4);
    key.setInt(0, descriptor(connection));
    Memory value = new Memory(8);
    Memory attributes = attributes();
    attributes.setInt(0, values);
    attributes.setPointer(8, key);
    attributes.setPointer(16, value);
    return bpf(MAP_LOOKUP_ELEM, attributes) < 0
        ? "no edge.packet_id came with this connection\n"
        : "edge.packet_id %s came with this connection\n"
            .formatted(Long.toUnsignedString(value.getLong(0)));
  }

  private static int open(String pinned) {
    Memory path = new Memory(pinned.length() + 1);
    path.setString(0, pinned);
    Memory attributes = attributes();
    attributes.setPointer(0, path);
    int map = bpf(OBJ_GET, attributes);
    if (map < 0) {
      throw new IllegalStateException(pinned + " is not there: keep is to run");
    }
    return map;
  }

  private static Memory attributes() {
    Memory attributes = new Memory(64);
    attributes.clear();
    return attributes;
  }

  /** The call of bpf(2), for which libc has no function. */
  private static int bpf(int command, Memory attributes) {
    int number = System.getProperty("os.arch").equals("aarch64") ? 280 : 321;
    return SYSCALL.invokeInt(new Object[] {number, command, attributes, (int) attributes.size()});
  }

  /** The connection's descriptor. Java hides it, so this needs --add-opens for sun.nio.ch and java.io. */
  private static int descriptor(SocketChannel connection) throws Exception {
    Field in = connection.getClass().getDeclaredField("fd");
    in.setAccessible(true);
    Field number = FileDescriptor.class.getDeclaredField("fd");
    number.setAccessible(true);
    return number.getInt(in.get(connection));
  }
}
