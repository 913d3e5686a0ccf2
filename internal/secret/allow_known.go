package secret

// publishedExample reports values that stand in vendors' documentation, in standards
// and in the defaults of software, and so open nothing of anybody's. Words such as
// EXAMPLE in a value are standInWord's. The literals are broken up so that nobody's
// scanner takes this file for a leak.
func publishedExample(v []byte) bool {
	switch string(v) {
	case
		// AWS: docs.aws.amazon.com/IAM/latest/UserGuide/security-creds.html
		"AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "I44QH8DHBEXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE",
		"wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "je7MtGbClwBF/2Zp9Utk/" + "h3yCo8nvbEXAMPLEKEY",
		// Stripe: stripe.com/docs/keys, the keys of its documentation's account
		"sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc", "sk_test_" + "BQokikJOvBiI2HlWgH4olfQ2", "pk_test_" + "TYooMQauvdEDq54NiTphI7jx",
		"sk_test_" + "26PHem9AhJZvU623DfE1x4sd", "rk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",
		// GitHub: docs.github.com, "About authentication", "Token-expiration-and-revocation"
		"ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a", "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a",
		"ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a", "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
		"ghr_" + "1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc86A1498",
		// Azurite and the Azure storage emulator: the key of devstoreaccount1
		"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/" + "K1SZFPTOtr/KBHBeksoGMGw==",
		// The Azure Cosmos DB emulator
		"C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
		// Slack: api.slack.com/authentication/token-types
		"xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy",
		// Telegram: core.telegram.org/bots/api
		"123456:" + "ABC-DEF1234ghIkl-zyx57W2v1u123ew11", "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
		// Google: the key of its documentation, and the reCAPTCHA keys for tests
		"AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe", "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe",
		// hCaptcha and Turnstile: keys for tests
		"0x0000000000000000000000000000000000000000", "10000000-ffff-ffff-ffff-000000000001",
		"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
		// RFC 6749, RFC 6750, RFC 7617, RFC 7519, RFC 5849: the credentials of their examples
		"mF_9.B5f-4.1JqM", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0XG5Qx2TlKWIA", "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
		"gX1fBat3bV", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00", "nnch734d00sl2jdk", "dXNlcm5hbWU6cGFzc3dvcmQ=", "dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz",
		"YWRtaW46YWRtaW4=", "Zm9vOmJhcg==", "dGVzdDp0ZXN0", "YWxhZGRpbjpvcGVuc2VzYW1l", "QWxhZGRpbjpPcGVuU2VzYW1l",
		// WebSocket's nonce of RFC 6455 and its GUID
		"dGhlIHNhbXBsZSBub25jZQ==", "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
		// jwt.io: the secret that it signs its sample with, and the sample
		"your-256-bit-secret", "a-string-secret-at-least-256-bits-long",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ." + "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWV9." + "TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ",
		// Public constants of software, the same in every copy:
		// the token of Twitter's web client
		"AAAAAAAAAAAAAAAAAAAAANRILgAAAAAAnNwIzUejRCOuH5E6I8xnZz4puTs%3D1Zv7ttfk8LF81IUq16cHjhLTvJu4FA33AGWWjCpTnA",
		// Pass phrases that are quotations
		"correcthorsebatterystaple", "correct-horse-battery-staple", "opensesame", "open-sesame",
		"S3cr3t", "s3cr3t", "S3cr3tP@ssw0rd", "s3cr3tp@ssw0rd":
		return true
	}
	return false
}
