import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Kafka's error codes: number, name, whether Java's clients retry. */
public class ErrorCodes {
  public static void main(String[] args) {
    for (Errors error : Errors.values()) {
      if (error != Errors.NONE) {
        System.out.println(error.code() + " " + error.name() + " " + (error.exception() instanceof RetriableException));
      }
    }
  }
}
